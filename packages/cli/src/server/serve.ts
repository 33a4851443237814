import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { escapeControls } from "@bailiwick/base";
import { readServerFile, startServer, type ServerFile } from "@bailiwick/control-plane";
import { locateStateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";
import { Output } from "../output.ts";
import { writeError } from "../report.ts";
import { VERSION } from "../version.ts";
import { readAddress } from "../listen-address.ts";

export interface ServeOptions {
  readonly database?: string;
  readonly config?: string;
  readonly listen?: string;
  readonly state?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly trustedProxies?: string;
  readonly rebuildSearch?: true;
  readonly json?: true;
}

const DEFAULT_ADDRESS = "127.0.0.1:7788";

/** Serves until it is told to end (SIGINT, SIGTERM). */
export async function serveCommand(options: ServeOptions): Promise<number> {
  const file: Partial<ServerFile> = options.config === undefined ? {} : readServerFile(options.config);
  const { database, tlsCert = file["tls-cert"], tlsKey = file["tls-key"] } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new CliError("CLI_USAGE", "`--tls-cert` and `--tls-key` belong together", {
      remedy: "give both, or neither",
    });
  }
  if (database !== undefined && !/^postgres(ql)?:\/\//.test(database)) {
    throw new CliError("CLI_USAGE", "`--database` is not a `postgres://…` URL", {
      remedy: "leave it out to try the server with an embedded database",
    });
  }
  const tls =
    tlsCert === undefined || tlsKey === undefined ? undefined : { cert: readPem(tlsCert), key: readPem(tlsKey) };
  const server = await startServer({
    version: VERSION,
    state: resolve(options.state ?? file.state ?? join(locateStateDirectory(process.env).root, "control-plane")),
    database: database ?? process.env["BAILIWICK_DATABASE"],
    listen: { ...readAddress(options.listen ?? file.listen ?? DEFAULT_ADDRESS), tls },
    trustedProxies: options.trustedProxies?.split(",").map((text) => text.trim()) ?? file["trusted-proxies"],
    oidc: file.oidc,
    notify: file.notify,
    smtp: file.smtp,
    hosts: file.hosts,
    dualControl: file["dual-control"],
    leaversEndRuns: file.leavers?.["end-runs"],
    tasksReviewedBy: file.tasks?.["reviewed-by"],
    publicUrl: file["public-url"],
    idleMinutes: file.sessions?.["idle-minutes"],
    sessionHours: file.sessions?.hours,
    rebuildSearch: options.rebuildSearch,
    now: Date.now,
    say: (text) => {
      writeError(`bailiwick: ${escapeControls(text)}\n`);
    },
  });
  const { url, keys, setUpToken } = server;
  const out = new Output(process.stdout);
  await out.line(
    options.json
      ? JSON.stringify({ url, logKey: keys.log, witnessKey: keys.witness, ...(setUpToken && { setUpToken }) })
      : [
          `listening on ${url}`,
          `its log     ${keys.log}`,
          `as witness  ${keys.witness}`,
          ...setUpText(url, setUpToken),
        ].join("\n"),
  );
  await new Promise<void>((end) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end());
  });
  await server.close();
  return 0;
}

function setUpText(url: string, token: string | undefined): string[] {
  if (token === undefined) return [];
  return [
    `nobody may do anything here yet; make the first owner within a day, with this token:`,
    `  bailiwick login ${url} --set-up NAME <<< ${token}`,
  ];
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new CliError("CLI_FILE", `cannot read \`${path}\``, { cause: error, remedy: "check its path and rights" });
  }
}
