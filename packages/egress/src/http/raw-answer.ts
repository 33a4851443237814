import type { IncomingMessage } from "node:http";
import type { RefusalAnswer } from "./answer.ts";
import type { Fields } from "./headers.ts";

const PHRASES: Readonly<Record<number, string>> = { 400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway" };

/** A whole answer as bytes, for a connection whose parser is gone. The connection ends with it. */
export function rawAnswer({ status, contentType, body }: RefusalAnswer): Buffer {
  const head = [
    `HTTP/1.1 ${String(status)} ${PHRASES[status] ?? ""}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${String(body.length)}`,
    "Connection: close",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/** The head of an answer as it was parsed. Names and values hold no line ends: the parser has refused those. */
export function headOf({ statusCode, statusMessage }: IncomingMessage, fields: Fields): Buffer {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${String(statusCode)} ${statusMessage ?? ""}\r\n${lines.join("")}\r\n`, "latin1");
}
