import type { EventOf } from "@bailiwick/audit";
import { quoteForShell } from "@bailiwick/base";
import { execOf, startOf, type OpenExec, type Source } from "../source.ts";
import type { Members } from "./members.ts";

type Exec = EventOf<"exec.allowed"> | EventOf<"exec.refused">;

/** Of a file whose bytes could not be read; no file has it. */
const UNREADABLE = `sha256:${"0".repeat(64)}`;
export const ERASED = "(erased)";

/** `RUN/EXEC`: unlike a pid it is never used twice. */
export function processUid(run: string, exec: number): string {
  return `${run}/${String(exec)}`;
}

export function processOf(exec: Exec): Members {
  const file = fileOf(exec.program);
  const { values } = exec.argv;
  return {
    uid: processUid(exec.run, exec.exec),
    pid: exec.pid,
    name: file["name"],
    ...(values.length > 0 && { cmd_line: values.map(quoteForShell).join(" ") }),
    created_time: Math.trunc(exec.at),
    file,
    ...(exec.cwd !== "" && { working_directory: exec.cwd }),
  };
}

/** A process of which only the exec is known: its beginning lies too far back, or in no record. */
export function processByExec({ event, context }: Source, exec: number): Members {
  const open = context.execs.get(exec);
  return open === undefined ? { uid: processUid(event.run, exec) } : processOf(open.event);
}

export function fileOf({ path, digest }: { readonly path: string; readonly digest?: string }): Members {
  return {
    ...named(path),
    type_id: digest === undefined ? (path.endsWith("/") ? 2 : 0) : 1,
    ...(digest !== undefined &&
      digest !== UNREADABLE && {
        hashes: [{ algorithm: "SHA-256", algorithm_id: 3, value: digest.slice("sha256:".length) }],
      }),
  };
}

function named(path: string): Members {
  if (path === "") return { name: ERASED };
  return { name: /[^/]+(?=\/*$)/.exec(path)?.[0] ?? path, path };
}

/** Who did it: the process that asked where one is known, in the person's session of this run. */
export function actorOf(source: Source): Members {
  const { event } = source;
  const started = startOf(source);
  const asking = askingExec(source);
  return {
    ...(asking !== undefined && { process: processOf(asking.event) }),
    session: { uid: event.run },
    ...(started !== undefined && started.user !== "" && { user: { name: started.user } }),
    ...(started !== undefined && { app_name: started.agent }),
  };
}

function askingExec(source: Source): OpenExec | undefined {
  const { event, context } = source;
  return context.execs.get(event.type === "exec.allowed" ? event.parent : execOf(source));
}
