import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Event, EventOf } from "@bailiwick/audit";
import { formatCommand } from "@bailiwick/base";

/** A line is for people; what can be found is the whole text. */
const LINE_CHARACTERS = 400;

type Tag = readonly [kind: "host" | "file" | "program" | "policy", value: string];

interface Row {
  readonly exec?: number | undefined;
  readonly decision?: "allowed" | "refused" | "asked";
  readonly line: string;
  readonly reason?: string;
  /** Beside line and reason. */
  readonly more?: readonly string[];
  readonly tags?: readonly Tag[];
}

/** Puts events into the index; each at its place in the log. */
export class Filler {
  readonly #entry: StatementSync;
  readonly #words: StatementSync;
  readonly #tag: StatementSync;
  readonly #run: StatementSync;
  readonly #end: StatementSync;

  constructor(database: DatabaseSync) {
    this.#entry = database.prepare(
      "INSERT OR REPLACE INTO entries (id, run, at, type, exec, decision, line, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#words = database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
    this.#tag = database.prepare("INSERT OR IGNORE INTO tags (kind, value, id) VALUES (?, ?, ?)");
    this.#run = database.prepare("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)");
    this.#end = database.prepare(
      "UPDATE entries SET status = ?, signal = ? WHERE run = ? AND exec = ? AND type = 'exec.allowed'",
    );
  }

  add(id: number, event: Event): void {
    if (event.type === "run.started") {
      const { run, at, name, user, agent, workspace } = event;
      this.#run.run(run, at, name ?? null, clean(user), clean(agent), clean(workspace));
    }
    if (event.type === "exec.ended") {
      this.#end.run(event.status ?? null, event.signal ?? null, event.run, event.exec);
      return;
    }
    const row = rowOf(event);
    if (row === undefined) return;
    const { exec, decision, line, reason = "", more = [], tags = [] } = row;
    const shown = clean(line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line);
    this.#entry.run(id, event.run, event.at, event.type, exec ?? null, decision ?? null, shown, clean(reason));
    this.#words.run(id, clean([line, reason, ...more].join("\n")));
    for (const [kind, value] of tags) this.#tag.run(kind, clean(value), id);
  }
}

/** SQLite takes no lone surrogates; a byte that is not UTF-8 reads as U+FFFD. */
function clean(text: string): string {
  return text.toWellFormed();
}

function rowOf(event: Exclude<Event, { type: "exec.ended" }>): Row | undefined {
  switch (event.type) {
    case "run.started":
      return {
        line: `run ${event.name === undefined ? "" : `“${event.name}” `}${formatCommand(event.command.values, 4_000)}`,
        more: [event.user, event.agent, event.workspace, event.profile.name],
      };
    case "run.ended":
      return { line: `ended: ${event.reason}, status ${String(event.status)}` };
    case "exec.allowed":
    case "exec.refused":
      return execRow(event);
    case "exec.tampered":
      return { exec: event.exec, decision: "refused", line: `tampering: ${event.detail}` };
    case "approval":
      return { decision: "asked", line: `asked ${event.by}: ${event.answer}` };
    case "host.refused":
    case "connection.opened":
      return {
        decision: event.type === "host.refused" ? "refused" : "allowed",
        line: event.port === 0 ? event.host : `${event.host}:${String(event.port)}`,
        reason: event.decision.reason,
        tags: [["host", event.host], ...policiesOf(event)],
      };
    case "files.changed":
      return { line: `changed: ${event.paths.join(" ")}`, tags: event.paths.map((path): Tag => ["file", path]) };
    case "protection.renewed":
      return { line: `protected again: ${event.path}`, tags: [["file", event.path]] };
    case "record.witnessed":
      return {
        line: `witnessed by ${event.by.map(({ witness }) => witness).join(", ") || "nobody"}`,
        reason: event.missing.map(({ witness, reason }) => `${witness}: ${reason}`).join(", "),
      };
    case "run.erased":
      return { line: `erased by ${event.by}`, reason: event.reason };
    case "key.rotated":
      return { line: `the log's key was rotated by ${event.by}` };
    case "run.frozen":
      return { line: `frozen: ${event.reason}` };
    case "connection.closed":
      return undefined;
  }
}

function execRow(event: EventOf<"exec.allowed"> | EventOf<"exec.refused">): Row {
  const files = [event.program.path, ...(event.also ?? []).map(({ path }) => path)];
  return {
    exec: event.exec,
    decision: event.type === "exec.refused" ? "refused" : "allowed",
    line: formatCommand(event.argv.values, 16_384),
    reason: event.decision.reason,
    more: [...files, event.cwd],
    tags: [
      ...files.flatMap((path): Tag[] => [
        ["file", path],
        ["program", path],
        ["program", path.slice(path.lastIndexOf("/") + 1)],
      ]),
      ...policiesOf(event),
    ],
  };
}

/** Permits that let everything through would be found by nobody. */
function policiesOf({ decision }: Pick<EventOf<"exec.allowed">, "decision">): Tag[] {
  return decision.outcome === "allow" ? [] : decision.policies.map((policy): Tag => ["policy", policy]);
}
