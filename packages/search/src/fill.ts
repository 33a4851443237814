import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Event } from "@bailiwick/audit";
import { keyOfLabel } from "@bailiwick/base";
import { clean, findableOf, shorten } from "./findable/index.ts";

/** Puts events into the index; each at its place in the log. */
export class Filler {
  readonly #entry: StatementSync;
  readonly #words: StatementSync;
  readonly #tag: StatementSync;
  readonly #run: StatementSync;
  readonly #label: StatementSync;
  readonly #end: StatementSync;
  readonly #recorded: StatementSync;
  readonly #shown: StatementSync;
  readonly #shownWords: StatementSync;

  constructor(database: DatabaseSync) {
    this.#entry = database.prepare(
      "INSERT OR REPLACE INTO entries (id, run, at, type, exec, decision, line, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#words = database.prepare("INSERT INTO words (rowid, text) VALUES (?, ?)");
    this.#tag = database.prepare("INSERT OR IGNORE INTO tags (kind, value, id) VALUES (?, ?, ?)");
    this.#run = database.prepare(
      "INSERT OR REPLACE INTO runs (run, at, name, user, agent, project) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#label = database.prepare("INSERT OR IGNORE INTO labels (run, key, label) VALUES (?, ?, ?)");
    this.#recorded = database.prepare("UPDATE runs SET recorded = ? WHERE run = ?");
    this.#shown = database.prepare(
      "INSERT INTO shown (run, at, into_recording, line) SELECT run, recorded + ?, ?, ? FROM runs WHERE run = ? AND recorded IS NOT NULL RETURNING id",
    );
    this.#shownWords = database.prepare("INSERT INTO shown_words (rowid, text) VALUES (?, ?)");
    this.#end = database.prepare(
      "UPDATE entries SET status = ?, signal = ? WHERE run = ? AND exec = ? AND type = 'exec.allowed'",
    );
  }

  add(id: number, event: Event): void {
    if (event.type === "run.started") {
      const { run, at, name, user, agent, workspace, labels = [] } = event;
      this.#run.run(run, at, name ?? null, clean(user), clean(agent), clean(workspace));
      for (const label of labels) this.#label.run(run, keyOfLabel(label), label);
    }
    if (event.type === "recording.opened") this.#recorded.run(event.at, event.run);
    if (event.type === "exec.ended") {
      this.#end.run(event.status ?? null, event.signal ?? null, event.run, event.exec);
      return;
    }
    const row = findableOf(event);
    if (row === undefined) return;
    const { exec, decision, line, reason, text, tags } = row;
    this.#entry.run(id, event.run, event.at, event.type, exec ?? null, decision ?? null, line, reason);
    this.#words.run(id, text);
    for (const [kind, value] of tags) this.#tag.run(kind, value, id);
  }

  /** A line that the terminal of a run showed, so many milliseconds after its recording began. */
  addShown(run: string, { at, text }: { readonly at: number; readonly text: string }): void {
    const id = this.#shown.get(at, at, shorten(text), run)?.["id"];
    if (typeof id === "number") this.#shownWords.run(id, clean(text));
  }
}
