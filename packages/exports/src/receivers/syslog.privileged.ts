// SAFETY: dials the receiver that the person configured, by TLS whose certificate is always checked, and reads nothing that it uses.
import { connect, type TLSSocket } from "node:tls";
import type { TlsFiles } from "./post.privileged.ts";

const LONGEST_MS = 30_000;

export interface SyslogTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles;
}

/**
 * Writes frames on a connection of their own, ends it, and waits until the receiver has ended it too. Syslog acknowledges nothing; but
 * a receiver that has read our end has read all before it, and one that dies with unread bytes resets the connection.
 * @throws Error of the network, of TLS, or of the deadline
 */
export async function sendFrames(
  { host, port, tls }: SyslogTarget,
  frames: Buffer,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port,
      // An address has no server name (RFC 6066, section 3); the certificate is checked against it all the same.
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      minVersion: "TLSv1.2",
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.cert !== undefined && { cert: tls.cert }),
      ...(tls.key !== undefined && { key: tls.key }),
    });
    const abort = (): void => {
      socket.destroy(new Error("was stopped"));
    };
    const timer = setTimeout(() => {
      socket.destroy(new Error("the receiver did not end the connection within 30 s"));
    }, LONGEST_MS);
    let answered = false;
    signal.addEventListener("abort", abort);
    socket.on("secureConnect", () => {
      socket.end(frames);
    });
    socket.on("end", () => {
      answered = true;
    });
    socket.resume();
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      // After an error this comes too late to matter.
      if (answered && socket.writableFinished) resolve();
      else reject(new Error("the connection was cut"));
    });
  });
}
