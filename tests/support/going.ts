/** A run by the shipped command that goes on until it is let go, or something ends it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Event } from "@bailiwick/audit";
import { readEvents, type Place } from "./governed.ts";
import { startCommand, type Ongoing } from "./ongoing.ts";

export interface Going extends Ongoing {
  readonly run: string;
  /** Lets it end by itself. */
  release(): void;
  /** How far it has counted. */
  count(): number;
  events(): Promise<readonly Event[]>;
}

let started = 0;

/** @param options of `bailiwick run` */
export async function startGoing(place: Place, options: readonly string[] = []): Promise<Going> {
  started += 1;
  const name = `going-${String(process.pid)}-${String(started)}`;
  const script = `i=0; while ! [ -e ${name}.go ]; do i=$((i+1)); echo $i > ${name}.count; sleep 0.02; done`;
  const args = ["run", "--workspace", place.workspace, "--approvals", "deny", "--name", name, ...options];
  const ongoing = startCommand(place, [...args, "--", "sh", "-c", script, name]);
  const counter = join(place.workspace, `${name}.count`);
  await eventually(() => existsSync(counter), "the run begins");
  const run = readdirSync(join(place.state, "runs"))
    .filter((file) => file.endsWith(".json"))
    .find((file) => pidIn(join(place.state, "runs", file)) === ongoing.child.pid)
    ?.replace(".json", "");
  if (run === undefined) throw new Error("the run is not announced");
  return {
    ...ongoing,
    run,
    release: () => writeFileSync(join(place.workspace, `${name}.go`), ""),
    count: () => Number(readFileSync(counter, "utf8").trim() || "0"),
    events: () => readEvents(place, run),
  };
}

/** Resolves when the condition holds. @throws when it does not within the deadline */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 30_000,
): Promise<void> {
  for (const until = Date.now() + withinMs; Date.now() < until; await pause(20)) if (await holds()) return;
  throw new Error(`it did not come to pass: ${what}`);
}

function pidIn(path: string): number | undefined {
  return (JSON.parse(readFileSync(path, "utf8")) as { pid?: number }).pid;
}
