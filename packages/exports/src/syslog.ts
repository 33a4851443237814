/** The Syslog Protocol, RFC 5424; framed by octet counting as RFC 5425, section 4.3 wants it over TLS. */
import { escapeControls } from "@bailiwick/base";
import { startOf, type Source } from "./source.ts";
import { lineOf, urgencyOf, type Urgency } from "./telling.ts";

/** Log audit (RFC 5424, table 1). */
const FACILITY = 13;
/** Informational, notice, warning, error and alert (section 6.2.1). */
const SEVERITY: { readonly [U in Urgency]: number } = {
  routine: 6,
  notable: 5,
  low: 5,
  medium: 4,
  high: 3,
  critical: 1,
};

export interface SyslogOptions {
  /**
   * The private enterprise number in the name of the structured data, `bailiwick@NUMBER`. 32473 is the one that RFC 5612 keeps for examples.
   */
  readonly enterprise: number;
  /** What the message says; the line for a person when absent. Control characters in it are the caller's matter. */
  readonly message?: string;
}

/** One message, not yet framed. */
export function syslogMessage(source: Source, { enterprise, message = lineOf(source) }: SyslogOptions): string {
  const { event } = source;
  const started = startOf(source);
  const header = [
    `<${String(FACILITY * 8 + SEVERITY[urgencyOf(event)])}>1`,
    // Microseconds at most (section 6.2.3); the clock gives no more.
    timestampOf(event.at),
    headerField(started?.hostname ?? "", 255),
    "bailiwick",
    "pid" in event ? String(event.pid) : "-",
    headerField(event.type, 32),
  ];
  return `${header.join(" ")} ${structuredData(source, enterprise)} ${message.toWellFormed()}`;
}

/** MSG-LEN SP SYSLOG-MSG. */
export function frame(message: string): Buffer {
  const bytes = Buffer.from(message, "utf8");
  return Buffer.concat([Buffer.from(`${String(bytes.length)} `, "latin1"), bytes]);
}

function timestampOf(at: number): string {
  const micros = Math.round((at - Math.floor(at)) * 1000);
  const base = new Date(micros === 1000 ? Math.floor(at) + 1 : Math.floor(at)).toISOString();
  return `${base.slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}

/** PRINTUSASCII alone, and `-` for nothing. */
function headerField(text: string, most: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, most) || "-";
}

function structuredData(source: Source, enterprise: number): string {
  const { event, erased, cut, index, id, log } = source;
  const started = startOf(source);
  const decision = "decision" in event ? event.decision : undefined;
  const params = {
    id,
    log,
    index,
    run: event.run,
    exec: "exec" in event ? event.exec : undefined,
    user: started?.user || undefined,
    agent: started?.agent,
    labels: started?.labels?.join(", "),
    decision: decision?.outcome,
    policies: decision?.policies.join(" ") || undefined,
    severity: decision?.severity,
    host: ("host" in event && event.host) || undefined,
    erased: erased || undefined,
    cut: cut || undefined,
  };
  const text = Object.entries(params)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escapeParam(String(value))}"`)
    .join("");
  return `[bailiwick@${String(enterprise)}${text}]`;
}

/** PARAM-VALUE: `"`, `\` and `]` are escaped (section 6.3.3). Control characters may stand there, but receivers split at some: they are written out. */
export function escapeParam(text: string): string {
  return escapeControls(text.toWellFormed()).replaceAll(/["\\\]]/g, "\\$&");
}
