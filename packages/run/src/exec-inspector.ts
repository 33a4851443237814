import type { ExecLink, ExecRequest, RunFacts } from "@bailiwick/policy";
import type { ExecNotice } from "@bailiwick/sandbox";
import type { Digests, FileDigest } from "./digests.ts";
import { linkOf, UNREADABLE } from "./exec-events.ts";
import type { ProgramNames } from "./program-names.ts";

/** Everything that is known of an exec before it is decided. */
export interface ExecFacts {
  readonly request: ExecRequest;
  /** Every file's identity vouches for its bytes, so that the launcher may repeat the verdict. */
  readonly stable: boolean;
}

export interface ExecInspectorOptions {
  readonly run: RunFacts;
  readonly digests: Digests;
  readonly names: ProgramNames;
  /** Directories inside that the run itself can write to. */
  readonly writable: readonly string[];
}

/** Finds out what an exec would run: the bytes of every file, and the names that they go by. */
export class ExecInspector {
  readonly #options: ExecInspectorOptions;

  constructor(options: ExecInspectorOptions) {
    this.#options = options;
  }

  /** At once where all files are known. @throws RunError RUN_DIGEST_FAILED, also as a rejection */
  inspect(notice: ExecNotice): ExecFacts | Promise<ExecFacts> {
    const digests = notice.files.map((file) => this.#options.digests.digestOf(file));
    if (!allKnown(digests)) return Promise.all(digests).then((known) => this.#describe(notice, known));
    return this.#describe(notice, digests);
  }

  /** The request that policies see. */
  requestFor(notice: ExecNotice, links: readonly ExecLink[]): ExecRequest {
    const { run } = this.#options;
    return { action: "exec", run, links, cwd: notice.cwd, timeMs: Math.floor(notice.at), approved: false };
  }

  #describe(notice: ExecNotice, digests: readonly FileDigest[]): ExecFacts | Promise<ExecFacts> {
    const stable = digests.every((digest) => digest.stable);
    const names = notice.files.map((file, index) =>
      this.#options.names.namesOf(file, digests[index] ?? NO_DIGEST, index === 0 ? notice.asked : undefined),
    );
    const build = (known: readonly (readonly string[])[]): ExecFacts => {
      const links = notice.files.map((file, index) =>
        linkOf(file, digests[index]?.digest ?? UNREADABLE, {
          names: known[index] ?? [],
          inWorkspace: this.#isWritable(file.path),
        }),
      );
      return { request: this.requestFor(notice, links), stable };
    };
    return allKnown(names) ? build(names) : Promise.all(names).then(build);
  }

  #isWritable(path: string): boolean {
    return this.#options.writable.some((directory) => path === directory || path.startsWith(`${directory}/`));
  }
}

const NO_DIGEST: FileDigest = { digest: UNREADABLE, stable: false };

function allKnown<T>(values: readonly (T | Promise<T>)[]): values is readonly T[] {
  return !values.some((value) => value instanceof Promise);
}
