import { setTimeout as pause } from "node:timers/promises";
import { bailiwick, type Place } from "./governed.ts";

/** Asks again until the answer is what was waited for: what follows what arrives is behind it. @returns what it printed */
export async function untilSaid(
  place: Place,
  args: readonly string[],
  isThat: (stdout: string) => boolean,
): Promise<string> {
  for (;;) {
    const { stdout } = await bailiwick(place, args);
    if (isThat(stdout)) return stdout;
    await pause(50);
  }
}
