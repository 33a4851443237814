import type { ConfigOf } from "../config.ts";
import { logsRequest, otlpRecord, tracesRequest, type OtlpRecord } from "../otlp/otlp.ts";
import { deliverByPost, loadHeaders, loadTls } from "./http.ts";
import type { Reply } from "./post.privileged.ts";
import type { Outcome, Receiver } from "./receiver.ts";

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE, EXPORTS_CONFIG_INVALID */
export async function otlpReceiver(
  config: ConfigOf<"otlp">,
  environment: NodeJS.ProcessEnv,
): Promise<Receiver<OtlpRecord>> {
  const base = config.url.endsWith("/") ? config.url : `${config.url}/`;
  const tls = await loadTls(config);
  let headers = await loadHeaders(config.headers, environment);
  const deliver = async (path: string, request: string | undefined, signal: AbortSignal): Promise<Outcome> => {
    if (request === undefined) return { taken: true };
    return await deliverByPost(new URL(path, base), Buffer.from(request), {
      headers: { ...headers, "content-type": "application/json" },
      tls,
      signal,
      judge,
    });
  };
  return {
    render: (source) => [otlpRecord(source)],
    sizeOf: ({ log, spans }) => spans.reduce((sum, span) => sum + span.length, log.length),
    async send({ records }, signal) {
      let outcome: Outcome = { taken: true };
      if (config.signals.includes("logs")) outcome = await deliver("v1/logs", logsRequest(records), signal);
      if (outcome.taken && config.signals.includes("traces")) {
        const { note } = outcome;
        outcome = await deliver("v1/traces", tracesRequest(records), signal);
        if (outcome.taken && note !== undefined) outcome = { taken: true, note };
      }
      if (!outcome.taken) headers = await loadHeaders(config.headers, environment);
      return outcome;
    },
  };
}

/** The protocol: what is malformed to the receiver (400) is not to be sent again, and what it took in part neither. */
function judge({ status, body }: Reply): Outcome | undefined {
  if (status === 400) return { taken: false, again: "never", reason: "answered 400: it can't read them" };
  if (status !== 200) return undefined;
  const rejected = rejectedOf(body);
  return rejected > 0 ? { taken: true, note: `the receiver dropped ${String(rejected)} of the records` } : undefined;
}

function rejectedOf(body: Buffer): number {
  const { partialSuccess } = parseReply(body) as { partialSuccess?: Record<string, unknown> };
  return Number(partialSuccess?.["rejectedLogRecords"] ?? partialSuccess?.["rejectedSpans"] ?? 0);
}

/** A receiver that took them may answer anything, or nothing. */
function parseReply(body: Buffer): object {
  try {
    const reply: unknown = JSON.parse(body.toString("utf8"));
    return typeof reply === "object" && reply !== null ? reply : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
