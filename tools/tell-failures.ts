/** Tells of a failure when it happens: a run of all tests that is cut off later has said what was wrong. For `--test-reporter`. */
import { relative } from "node:path";
import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";

export default async function* tellFailures(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== "test:fail") continue;
    const { name, file = "", line = 0, details } = event.data;
    const cause = details.error.cause ?? details.error;
    yield `\nFAILED ${relative(process.cwd(), file)}:${String(line)} ${name}\n${inspect(cause, { depth: 3 })}\n\n`;
  }
}
