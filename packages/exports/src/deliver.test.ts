import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseRetryAfter, pauseAfter } from "./backoff.ts";
import { Delivery, type Rendered } from "./deliver.ts";
import { isWanted } from "./filter.ts";
import type { Batch, Outcome, Receiver } from "./receivers/receiver.ts";

const events: Rendered<string>[] = Array.from({ length: 8 }, (_, index) => ({ index, records: [`r${String(index)}`] }));

function delivering(outcomes: (batch: Batch<string>) => Outcome, tries = Infinity) {
  const taken: string[] = [];
  const said: string[] = [];
  const receiver: Receiver<string> = {
    render: () => [],
    sizeOf: () => 0,
    send: async (batch) => {
      const outcome = await Promise.resolve(outcomes(batch));
      if (outcome.taken) taken.push(...batch.records);
      return outcome;
    },
  };
  const observer = {
    failing: async (reason: string) => await Promise.resolve(void said.push(reason)),
    recovered: () => void said.push("recovered"),
    noted: (note: string) => void said.push(note),
  };
  const delivery = new Delivery(receiver, { log: "l", observer, tries, signal: new AbortController().signal });
  return { delivery, taken, said };
}

describe("delivery", () => {
  test("halves what is too much at once, down to one event, and goes on so", async () => {
    const sizes: number[] = [];
    const { delivery, taken } = delivering(({ records }) => {
      sizes.push(records.length);
      return records.length > 3 ? { taken: false, again: "smaller", reason: "413" } : { taken: true };
    });
    await delivery.deliver(events);
    assert.deepEqual(sizes, [8, 4, 2, 2, 2, 2]);
    assert.deepEqual(
      taken,
      events.flatMap(({ records }) => records),
    );
  });

  test("gives one event up that is too much by itself, and says which", async () => {
    const { delivery } = delivering(() => ({ taken: false, again: "smaller", reason: "413" }));
    await assert.rejects(delivery.deliver(events), { code: "EXPORTS_REFUSED", message: /entries 0 to 0: 413/ });
  });

  test("says a reason once, and another when it changes", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const reasons = ["a", "a", "b", ""];
    const { delivery, said, taken } = delivering(() => {
      const reason = reasons.shift() ?? "";
      return reason === "" ? { taken: true } : { taken: false, again: "later", reason, afterMs: 0 };
    });
    let delivered = false;
    const whole = delivery.deliver(events).then(() => {
      delivered = true;
    });
    while (!delivered) {
      await new Promise(setImmediate);
      context.mock.timers.tick(300_000);
    }
    await whole;
    assert.deepEqual(said, ["a", "b", "recovered"]);
    assert.equal(taken.length, 8);
  });
});

test("pauses double up to five minutes, are jittered, and are never shorter than the receiver asked for", () => {
  for (const [failures, asked, shortest, longest] of [
    [1, undefined, 250, 1000],
    [4, undefined, 2000, 8000],
    [40, undefined, 75_000, 300_000],
    [1, 20_000, 20_000, 20_000],
    [1, 1e9, 3_600_000, 3_600_000],
  ] as const) {
    assert.equal(pauseAfter(failures, asked, 0), shortest);
    assert.equal(pauseAfter(failures, asked, 1), longest);
  }
});

test("Retry-After is seconds or a date (RFC 9110, section 10.2.3)", () => {
  const now = Date.UTC(2026, 10, 26, 12);
  assert.equal(parseRetryAfter("120", now), 120_000);
  assert.equal(parseRetryAfter("Thu, 26 Nov 2026 12:01:00 GMT", now), 60_000);
  assert.equal(parseRetryAfter("Thu, 26 Nov 2026 11:01:00 GMT", now), 0);
  for (const wrong of [undefined, "", "-1", "1.5", "soon", "99999999999999"]) {
    assert.equal(parseRetryAfter(wrong, now), undefined);
  }
});

test("types are wanted by name or kind, and exceptions win", () => {
  assert.ok(isWanted("exec.ended", {}));
  assert.ok(isWanted("exec.ended", { types: ["exec.*"] }));
  assert.ok(!isWanted("executive", { types: ["exec.*"] }));
  assert.ok(!isWanted("exec.ended", { types: ["exec.*"], except: ["exec.ended"] }));
  assert.ok(isWanted("approval", { types: ["approval"], except: ["exec.*"] }));
});
