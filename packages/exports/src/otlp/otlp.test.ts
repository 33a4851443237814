import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import fc from "fast-check";
import { readOtlp } from "../../test/otlp-reference.ts";
import { hostile, withStrings } from "../../test/strings.ts";
import { record, sourcesOf, temporaryFolder } from "../../test/story.ts";
import type { Source } from "../source.ts";
import { nanosOf, spanIdOf, traceIdOf } from "./ids.ts";
import { logsRequest, otlpRecord, tracesRequest } from "./otlp.ts";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly events?: readonly { readonly name: string }[];
  readonly status: { readonly code?: number };
}

async function story(context: TestContext): Promise<Source[]> {
  const directory = join(temporaryFolder(context), "log");
  await record(directory);
  return await sourcesOf(directory);
}

function spansOf(sources: readonly Source[]): Span[] {
  const request = tracesRequest(sources.map(otlpRecord)) ?? assert.fail("no span");
  const { resourceSpans } = readOtlp("traces", request) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

describe("OTLP", () => {
  test("a run is a trace: each process a span in that of the one that started it, all within the run's", async (context) => {
    const sources = await story(context);
    const run = sources[0]?.event.run ?? "";
    const spans = spansOf(sources);
    const root = spans.find(({ parentSpanId }) => parentSpanId === undefined) ?? assert.fail("no root");
    assert.equal(root.spanId, spanIdOf(run, 0));
    assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([traceIdOf(run)]));
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    for (const span of spans) {
      if (span !== root) assert.ok(ids.has(span.parentSpanId ?? ""), span.name);
      assert.ok(BigInt(span.startTimeUnixNano) <= BigInt(span.endTimeUnixNano));
    }
    const [tool] = spans.filter(({ spanId }) => spanId === spanIdOf(run, 2));
    assert.equal(tool?.name, "tool");
    assert.equal(tool.parentSpanId, spanIdOf(run, 1));
    // What was refused to a process is an event of its span; what to nobody that is known, of the run's.
    assert.deepEqual(
      tool.events?.map(({ name }) => name),
      ["Exec refused", "Host refused"],
    );
    assert.deepEqual(
      root.events?.map(({ name }) => name),
      ["Host refused"],
    );
    // Exit status 3, a signal, and a kernel that could not start it are errors; to go on as another program is none.
    const codes = [1, 2, 4, 5, 6].map(
      (exec) => spans.find(({ spanId }) => spanId === spanIdOf(run, exec))?.status.code,
    );
    assert.deepEqual(codes, [undefined, 1, 2, 2, 2]);
  });

  test("each event is a log record of the span that it belongs to", async (context) => {
    const sources = await story(context);
    const request = readOtlp("logs", logsRequest(sources.map(otlpRecord)));
    const { resourceLogs } = request as {
      resourceLogs: {
        scopeLogs: { logRecords: { severityNumber: number; eventName: string; spanId: string; traceId: string }[] }[];
      }[];
    };
    const records = resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
    assert.deepEqual(
      records.map(({ eventName }) => eventName),
      sources.map(({ event }) => `bailiwick.${event.type}`),
    );
    const run = sources[0]?.event.run ?? "";
    const refused = records.find(({ eventName }) => eventName === "bailiwick.exec.refused");
    assert.deepEqual(
      [refused?.severityNumber, refused?.spanId, refused?.traceId],
      [13, spanIdOf(run, 2), traceIdOf(run)],
    );
  });

  test("whatever stands in an event, the protocol's own definitions read it", async (context) => {
    const sources = await story(context);
    fc.assert(
      fc.property(fc.constantFrom(...sources), hostile, (source, text) => {
        const records = [otlpRecord(withStrings(source, text))];
        readOtlp("logs", logsRequest(records));
        const traces = tracesRequest(records);
        if (traces !== undefined) readOtlp("traces", traces);
      }),
      { numRuns: 300 },
    );
  });

  test("negative control: what the definitions do not know, or of another type, is found", async (context) => {
    const [first] = await story(context);
    const request = logsRequest([otlpRecord(first ?? assert.fail())]);
    for (const [from, to] of [
      ['"severityText"', '"severityWord"'],
      ['"severityNumber":9', '"severityNumber":"high"'],
      ['"stringValue":"bailiwick"', '"stringValue":{}'],
    ] as const) {
      assert.ok(request.includes(from));
      assert.throws(() => readOtlp("logs", request.replace(from, to)), from);
    }
  });
});

test("a trace id is the run id's own 128 bits, and time is in nanoseconds", () => {
  assert.equal(traceIdOf("00000000000000000000000001"), "0".repeat(31) + "1");
  assert.equal(traceIdOf("7zzzzzzzzzzzzzzzzzzzzzzzzz"), "f".repeat(32));
  assert.equal(nanosOf(1_795_658_711_924.563), "1795658711924563000");
});
