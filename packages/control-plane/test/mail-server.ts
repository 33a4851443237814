/** A mail server that somebody else wrote, on loopback: it takes mail by TLS from who has the password, and answers as it is told. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export const MAIL_USER = "bailiwick";
export const MAIL_PASSWORD = "p4ss";

export interface Received {
  readonly to: string;
  readonly from: string;
  /** Whether the session was encrypted when it came. */
  readonly secure: boolean;
  readonly user: string | undefined;
  readonly raw: string;
}

export interface MailServer {
  readonly port: number;
  readonly received: Received[];
  /** What recipients are answered next, by their address; then they are taken. */
  readonly refuse: Map<string, number[]>;
  stop(): Promise<void>;
}

export async function startMailServer(options: SMTPServerOptions, port = 0): Promise<MailServer> {
  const received: Received[] = [];
  const refuse: MailServer["refuse"] = new Map();
  const server = new SMTPServer({
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth({ username, password }, _, done) {
      if (username === MAIL_USER && password === MAIL_PASSWORD) done(null, { user: username });
      else done(new Error("no"));
    },
    onRcptTo({ address }, _, done) {
      const status = refuse.get(address)?.shift();
      done(status === undefined ? null : Object.assign(new Error("not now"), { responseCode: status }));
    },
    onData(stream, { envelope, secure, user }, done) {
      let raw = "";
      stream.setEncoding("utf8");
      stream.on("data", (piece: string) => (raw += piece));
      stream.on("end", () => {
        const from = envelope.mailFrom === false ? "" : (envelope.mailFrom?.address ?? "");
        const to = envelope.rcptTo.map(({ address }) => address).join(" ");
        received.push({ to, from, secure, user: typeof user === "string" ? user : undefined, raw });
        done();
      });
    },
    ...options,
  });
  // A client that leaves because it does not believe the certificate.
  server.on("error", () => undefined);
  const listener = server.listen(port, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    received,
    refuse,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface ReadMail {
  /** Unfolded, by their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
}

/** As a mail program reads it (RFC 2045 to 2047): as much of it as these mails need. */
export function readMail({ raw }: Pick<Received, "raw">): ReadMail {
  const [head = "", body = ""] = splitHead(raw);
  const headers = readHeaders(head);
  const boundary = /boundary="([^"]+)"/.exec(headers.get("content-type") ?? "")?.[1] ?? "none";
  const parts = body.split(`--${boundary}`).map((part) => splitHead(part.trimStart()));
  const part = (type: string): string => {
    const [own = "", text = ""] = parts.find(([each]) => each?.toLowerCase().includes(type)) ?? [];
    return decodeBody(readHeaders(own).get("content-transfer-encoding") ?? "7bit", text);
  };
  return { headers, text: part("text/plain"), html: part("text/html") };
}

function splitHead(text: string): string[] {
  const at = text.indexOf("\r\n\r\n");
  return [text.slice(0, at), text.slice(at + 4)];
}

function readHeaders(head: string): Map<string, string> {
  const lines = head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  return new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      decodeWords(line.slice(line.indexOf(":") + 1).trim()),
    ]),
  );
}

function decodeWords(text: string): string {
  return text
    .replaceAll(/\?= =\?/g, "?==?")
    .replaceAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, coded: string) =>
      kind.toUpperCase() === "B" ? Buffer.from(coded, "base64").toString() : decodeQuoted(coded.replaceAll("_", " ")),
    );
}

function decodeBody(encoding: string, text: string): string {
  if (encoding === "base64") return Buffer.from(text, "base64").toString();
  return encoding === "quoted-printable" ? decodeQuoted(text.replaceAll("=\r\n", "")) : text;
}

function decodeQuoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
