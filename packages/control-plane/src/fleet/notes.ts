import type { Journal } from "../arrivals/journal.ts";
import type { Note } from "../arrivals/note.ts";
import type { TaskRow } from "../store/tables.ts";

type What = Extract<Note, { readonly type: "task.changed" }>["what"];

/** What became of a task, in the server's log. @param what undefined: as the row says */
export async function noteTask(
  journal: Journal,
  row: TaskRow,
  { by, what = whatOf(row) }: { readonly by: string; readonly what?: What },
): Promise<void> {
  const { id: task, pool, host, run, reason, patch_digest: patch } = row;
  await journal.note({
    ...{ type: "task.changed", what, task, pool, by },
    ...(host !== null && { host }),
    ...(run !== null && { run }),
    ...(reason !== null && { reason }),
    ...(patch !== null && { patch }),
  });
}

function whatOf({ state, outcome }: TaskRow): What {
  switch (state) {
    case "queued":
      return "waits again";
    case "leased":
    case "running":
      return "taken";
    case "done":
      return outcome ?? "failed";
  }
}
