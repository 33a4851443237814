import type { RunOfServer } from "@bailiwick/control-plane/contract";

const FIELDS = ["person", "agent", "host", "project", "label", "state"] as const;
type Field = (typeof FIELDS)[number];

/** `silent`: nothing comes of its host any more, so that nobody knows whether it goes on. */
export function stateOf(run: RunOfServer): "running" | "silent" | "succeeded" | "failed" {
  if (run.endedAt === undefined) return run.silentSince === undefined ? "running" : "silent";
  return run.status === 0 ? "succeeded" : "failed";
}

/** Whether a run is meant by words such as `agent:claude state:running push`: all of them have to be found. */
export function matches(run: RunOfServer, filter: string): boolean {
  const values: Record<Field, string> = { ...run, label: run.labels.join(" "), state: stateOf(run) };
  const anywhere = [run.run, run.name ?? "", ...Object.values(values), ...run.command].join(" ").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => {
      const [name = "", value] = word.split(/:(.*)/s);
      const field = FIELDS.find((each) => each === name);
      if (field === undefined || value === undefined) return anywhere.includes(word);
      return values[field].toLowerCase().includes(value);
    });
}
