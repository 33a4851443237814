import { escapeControls } from "./text.ts";

/** What would go to a host, as people are asked about it and as the record has it. */
export interface AskedHost {
  readonly host: string;
  readonly port: number;
  /** Undefined: the connection itself is asked about. */
  readonly request?: AskedRequest | undefined;
  /** What was found in it that should perhaps not leave, with samples that are no use to anybody. */
  readonly leaks?: readonly { readonly kind: string; readonly what: string; readonly sample: string }[] | undefined;
}

export interface AskedRequest {
  readonly connection: number;
  readonly method: string;
  /** As written. */
  readonly path: string;
  /** Names without their values. */
  readonly query: readonly string[];
  /** Of the body, as declared; -1 when it is not. */
  readonly sizeBytes: number;
  /** "" when there is none. */
  readonly contentType: string;
  /** The profile's name of the credential that it would carry. */
  readonly credential?: string | undefined;
}

/** One line: `POST api.example.com:443/drafts?notify`, or host and port of a connection. No control characters. */
export function formatAskedHost({ host, port, request }: AskedHost): string {
  const place = `${host}:${String(port)}`;
  if (request === undefined) return escapeControls(place);
  const query = request.query.length === 0 ? "" : `?${request.query.join("&")}`;
  return escapeControls(`${request.method} ${place}${request.path}${query}`);
}

/** All of it, as rows of a label and a text without control characters. */
export function askedHostRows(about: AskedHost): readonly (readonly [label: string, text: string])[] {
  const { request, leaks = [] } = about;
  const found = leaks.map(({ kind, what, sample }) => [kind, what, sample].filter((part) => part !== "").join(" "));
  const line = formatAskedHost(about);
  const rows: (readonly [string, string])[] =
    request === undefined ? [["host", line]] : [["request", line], ...requestRows(request)];
  return found.length === 0 ? rows : [...rows, ["found", escapeControls(found.join(", "))]];
}

function requestRows({ sizeBytes, contentType, credential }: AskedRequest): (readonly [string, string])[] {
  const size = sizeBytes < 0 ? "of no declared length" : `of ${String(sizeBytes)} bytes`;
  const body = contentType === "" ? size : `${size}, ${contentType}`;
  const rows: (readonly [string, string])[] = [["body", escapeControls(body)]];
  return credential === undefined ? rows : [...rows, ["with", escapeControls(`the credential ${credential}`)]];
}
