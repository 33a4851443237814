/**
 * SAFETY: a connection to the mail server that the operator's file names, and to nothing else: nodemailer is given finished texts, and may read no file
 * and no URL for them. The server's certificate is checked, and without TLS nothing leaves this host.
 */
import type { deliverByPost } from "@bailiwick/exports";
import type { Mail } from "./mail.ts";
import type { Smtp } from "./smtp.ts";

export type Outcome = Awaited<ReturnType<typeof deliverByPost>>;

const CONNECT_MS = 10_000;
/** Less than an instance has a delivery for. */
const LONGEST_MS = 45_000;

/** Sends it to one address, and says what came of it. @throws the signal's reason when that is aborted */
export async function sendMail(smtp: Smtp, mail: Mail, signal: AbortSignal): Promise<Outcome> {
  const { createTransport } = await import("nodemailer");
  const { host, port, tls, ca, login } = smtp;
  const transport = createTransport({
    ...{ host, port, secure: tls === "always", requireTLS: tls === "starttls", ignoreTLS: tls === "none" },
    ...(login !== undefined && { auth: login }),
    tls: { minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) },
    ...{
      connectionTimeout: CONNECT_MS,
      greetingTimeout: CONNECT_MS,
      socketTimeout: LONGEST_MS,
      dnsTimeout: CONNECT_MS,
    },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  try {
    await transport.sendMail({
      ...mail,
      headers: { ...mail.headers },
      envelope: { from: mail.from.address, to: mail.to.address },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
    });
    return { taken: true };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return failureOf(error);
  } finally {
    transport.close();
  }
}

/**
 * RFC 5321, section 4.2.1: of 5yz the same again would be answered the same. But what the server says of itself, of TLS or of the password says nothing of
 * the message: that is tried again, and is told once somebody has put it right.
 */
export function failureOf(error: Error): Outcome {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const status = "responseCode" in error && typeof error.responseCode === "number" ? error.responseCode : undefined;
  if (status === undefined)
    return { taken: false, again: "later", reason: /^E[A-Z]+$/.test(code) ? code : "no answer" };
  const ofMessage = code === "EENVELOPE" || code === "EMESSAGE";
  return {
    taken: false,
    again: status >= 500 && ofMessage ? "never" : "later",
    reason: `the mail server answered ${String(status)}${code === "EAUTH" ? " to the password" : ""}`,
  };
}
