/** One line of a fault is enough for a minute: a database that is down fails thousands of requests, and a full disk is none the better for it. */
const QUIET_MS = 60_000;
/** Different texts that are remembered; more of them are no repetitions. */
const MOST = 100;

/**
 * Says each text at once, and again at the earliest a minute later, with how often it was left out meanwhile.
 * @param now milliseconds
 */
export function sayCalmly(say: (text: string) => void, now: () => number): (text: string) => void {
  const said = new Map<string, { readonly until: number; omitted: number }>();
  return (text) => {
    const before = said.get(text);
    if (before !== undefined && now() < before.until) {
      before.omitted += 1;
      return;
    }
    const omitted = before?.omitted ?? 0;
    if (said.size >= MOST) said.clear();
    said.set(text, { until: now() + QUIET_MS, omitted: 0 });
    say(omitted === 0 ? text : `${text} (and ${String(omitted)} times since this was last said)`);
  };
}
