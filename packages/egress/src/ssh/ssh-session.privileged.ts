// SAFETY: one session of a client inside. Whatever it asks for but one command of git's is refused, and that command is written anew.
import type { Client, ClientChannel, ExecInfo, RejectConnection, ServerChannel, Session } from "ssh2";
import type { Decision } from "@bailiwick/policy";
import type { InspectedConnection } from "../inspection/inspection.ts";
import type { RequestFacts } from "../observer.ts";
import { profileDecision, refusals, type Refusal } from "../refusals.ts";
import { describeError } from "../tcp/joined.ts";
import { type GitCommand, matchesRepository, readGitCommand, writeGitCommand } from "./git-command.ts";
import { sshRefusals } from "./refusals.ts";
import type { SshHost } from "./ssh-host.ts";

const SSH_POLICY = "profile:ssh";
/** As `bailiwick run` for a command that was refused. */
const REFUSED_STATUS = 126;

export interface SessionParts {
  readonly connection: InspectedConnection;
  readonly rules: SshHost;
  /** Connects to the server at the first call. */
  readonly server: () => Promise<Client>;
}

export function serveSession(session: Session, parts: SessionParts): void {
  const environment: Record<string, string> = {};
  session.on("env", (accept, reject, { key, val }) => {
    // The only variable that git sends; it chooses the version of the protocol.
    if (key !== "GIT_PROTOCOL" || !/^version=[0-9]$/.test(val)) {
      reject?.();
      return;
    }
    environment[key] = val;
    accept?.();
  });
  session.on("exec", (accept, _reject, { command }: ExecInfo) => {
    void exec(accept(), command, { ...parts, environment });
  });
  const refuseOther = (what: string) => (_accept: unknown, reject: RejectConnection) => {
    void refuse(parts, { method: what, path: "" }, sshRefusals.noCommand(what));
    reject();
  };
  session.on("shell", refuseOther("shell"));
  session.on("subsystem", refuseOther("subsystem"));
}

type ExecParts = SessionParts & { readonly environment: Readonly<Record<string, string>> };

async function exec(channel: ServerChannel, text: string, parts: ExecParts): Promise<void> {
  channel.on("error", () => undefined);
  const command = readGitCommand(text);
  const refusal = command === undefined ? sshRefusals.otherCommand(text) : screen(command, parts.rules);
  const named = command === undefined ? { method: "exec", path: "" } : namesOf(command);
  if (command === undefined || refusal !== undefined) {
    const decision = await refuse(parts, named, refusal ?? sshRefusals.otherCommand(text));
    end(channel, `bailiwick: refused: ${decision.reason} [policy ${SSH_POLICY}]\n`, decision.instead);
    return;
  }
  await send(channel, command, parts);
}

function screen({ service, repository }: GitCommand, { fetch, push, host }: SshHost): Refusal | undefined {
  if (matchesRepository(push, repository)) return undefined;
  if (service === "git-upload-pack" && matchesRepository(fetch, repository)) return undefined;
  return sshRefusals.repository(host, service, repository);
}

async function send(channel: ServerChannel, command: GitCommand, parts: ExecParts): Promise<void> {
  const { connection, rules } = parts;
  const request = connection.nextRequest();
  const start = performance.now();
  const counts = { bytesSent: 0, bytesReceived: 0 };
  let status: number | undefined;
  const decision: Decision = { ...profileDecision({ reason: "", instead: undefined }, connection.profileDigest), outcome: "allow", policies: [SSH_POLICY] }; // prettier-ignore
  const facts = await factsOf(connection, namesOf(command), decision);
  if (!(await connection.observer.requestSent({ ...facts, request, credential: "ssh" }))) {
    const { reason, instead } = refusals.unrecorded();
    end(channel, `bailiwick: refused: ${reason}\n`, instead);
    return;
  }
  const finish = (error: string | undefined): void => {
    const wallMs = performance.now() - start;
    connection.observer.requestEnded({ request, status, ...counts, wallMs, error, at: Date.now() });
  };
  try {
    const server = await parts.server();
    const onward = await open(server, writeGitCommand(command), parts.environment);
    status = await join(channel, onward, counts);
    finish(undefined);
  } catch (error) {
    const why = describeError(error);
    finish(why);
    end(channel, `bailiwick: the server \`${rules.host}\` could not be verified or reached: ${why}\n`, undefined);
  }
}

async function open(server: Client, command: string, env: Readonly<Record<string, string>>): Promise<ClientChannel> {
  return await new Promise((resolve, reject) => {
    server.exec(command, { env: { ...env } }, (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(error);
    });
  });
}

/** Both ways until the server's side has closed; resolves with its exit status, which the client gets too. */
async function join(
  inner: ServerChannel,
  outer: ClientChannel,
  counts: { bytesSent: number; bytesReceived: number },
): Promise<number | undefined> {
  let status: number | undefined;
  inner.on("data", (chunk: Buffer) => (counts.bytesSent += chunk.length));
  outer.on("data", (chunk: Buffer) => (counts.bytesReceived += chunk.length));
  outer.on("exit", (code: number | null) => (status = code ?? undefined));
  outer.on("error", () => undefined);
  inner.pipe(outer);
  outer.pipe(inner, { end: false });
  outer.stderr.pipe(inner.stderr, { end: false });
  await new Promise<void>((resolve) => {
    outer.once("close", resolve);
    inner.once("close", () => {
      outer.close();
      resolve();
    });
  });
  if (inner.writable) {
    inner.exit(status ?? 255);
    inner.end();
    inner.close();
  }
  return status;
}

function end(channel: ServerChannel, text: string, instead: string | undefined): void {
  channel.stderr.write(instead === undefined ? text : `${text}bailiwick: instead: ${instead}\n`);
  channel.exit(REFUSED_STATUS);
  channel.end();
  channel.close();
}

async function refuse(
  { connection }: SessionParts,
  named: Pick<RequestFacts, "method" | "path">,
  refusal: Refusal,
): Promise<Decision> {
  const decision = { ...profileDecision(refusal, connection.profileDigest), policies: [SSH_POLICY] };
  connection.observer.requestRefused(await factsOf(connection, named, decision));
  return decision;
}

async function factsOf(
  { id, host, port, owner }: InspectedConnection,
  named: Pick<RequestFacts, "method" | "path">,
  decision: Decision,
): Promise<RequestFacts> {
  return { connection: id, host, port, exec: await owner, ...named, query: [], decision, at: Date.now() };
}

function namesOf({ service, path }: GitCommand): Pick<RequestFacts, "method" | "path"> {
  return { method: service, path: path.startsWith("/") ? path : `/${path}` };
}
