/**
 * Reads OTLP's JSON by the protocol's own definitions (opentelemetry-proto, as protobufjs compiled them for OpenTelemetry's JavaScript
 * libraries), as a receiver does: ids are hexadecimal, 64-bit integers strings, enumerations numbers.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

interface Message {
  fromObject(object: object): object;
  verify(object: object): string | null;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): Record<string, unknown>;
}

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve("@opentelemetry/otlp-transformer"));
const root = require(join(folder, "generated/root.js")) as {
  opentelemetry: {
    proto: { collector: { logs: { v1: Record<string, Message> }; trace: { v1: Record<string, Message> } } };
  };
};
const { logs, trace } = root.opentelemetry.proto.collector;

/**
 * The request as it is after it was read, written as protobuf and read again.
 * @throws Error when the definitions do not know a member, or it is of another type
 */
export function readOtlp(signal: "logs" | "traces", json: string): Record<string, unknown> {
  const type = signal === "logs" ? logs.v1["ExportLogsServiceRequest"] : trace.v1["ExportTraceServiceRequest"];
  if (type === undefined) throw new Error("the definitions have no such request");
  const sent = JSON.parse(json) as Record<string, unknown>;
  const message = type.fromObject(mapIds(sent, (hex) => Buffer.from(hex, "hex")) as object);
  const wrong = type.verify(message);
  if (wrong !== null) throw new Error(wrong);
  const read = type.toObject(type.decode(type.encode(message).finish()), { longs: String, bytes: Buffer });
  const received = mapIds(read, (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString("hex")) as Record<
    string,
    unknown
  >;
  // What the definitions do not know is gone by now.
  const lost = difference(sent, received, "");
  if (lost !== undefined) throw new Error(lost);
  return received;
}

const IDS = new Set(["traceId", "spanId", "parentSpanId"]);

function mapIds(value: unknown, change: (id: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapIds(each, change));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [
      name,
      IDS.has(name) ? change(member as string) : mapIds(member, change),
    ]),
  );
}

/** Where something that was sent is not in what was received; of an empty message nothing is. */
function difference(sent: unknown, received: unknown, path: string): string | undefined {
  if (typeof sent !== "object" || sent === null) {
    return String(sent) === String(received) ? undefined : `${path}: ${String(sent)} was read as ${String(received)}`;
  }
  if (received === undefined && Object.keys(sent).length === 0) return undefined;
  if (typeof received !== "object") return `${path}: an object was read as ${String(received)}`;
  for (const [name, member] of Object.entries(sent)) {
    const found = difference(member, (received as Record<string, unknown> | undefined)?.[name], `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
