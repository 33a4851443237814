/** One large stream each way, over a connection or through an HTTP proxy's CONNECT. */
import { once } from "node:events";
import { connect } from "node:net";
import { STREAM_BYTES } from "./setting.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  /** The CONNECT request that comes first, where a proxy stands between. */
  readonly preface?: string;
  /** The smallest share of a download that counts as all of it; 1 where nothing is said. */
  readonly atLeast?: number;
}

/** Milliseconds from the request to the stream's last byte. */
export async function download(target: Target): Promise<number> {
  let received = 0;
  let answer = target.preface === undefined ? "\r\n\r\n" : "";
  let from = performance.now();
  const socket = connect({
    host: target.host,
    port: target.port,
    onread: {
      buffer: Buffer.alloc(1 << 18),
      callback: (length, buffer) => {
        if (answer.endsWith("\r\n\r\n")) received += length;
        else {
          answer += Buffer.from(buffer.subarray(0, length)).toString("latin1");
          if (!answer.endsWith("\r\n\r\n")) return true;
          if (!answer.startsWith("HTTP/1.1 200")) throw new Error(answer);
          from = performance.now();
          socket.write("d");
        }
        return true;
      },
    },
  });
  socket.write(target.preface ?? "d");
  await once(socket, "close");
  if (received > STREAM_BYTES || received < STREAM_BYTES * (target.atLeast ?? 1))
    throw new Error(`${String(received)} bytes of ${String(STREAM_BYTES)}`);
  return performance.now() - from;
}

/** Milliseconds until the server confirms the stream's end. */
export async function upload(target: Target): Promise<number> {
  let from = performance.now();
  const block = Buffer.alloc(1 << 20);
  const socket = connect({ host: target.host, port: target.port, allowHalfOpen: true });
  if (target.preface !== undefined) {
    socket.write(target.preface);
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (!answer.toString("latin1").startsWith("HTTP/1.1 200")) throw new Error(answer.toString("latin1"));
    from = performance.now();
  }
  socket.write("u");
  for (let left = STREAM_BYTES; left > 0; left -= block.length) {
    if (!socket.write(block)) await once(socket, "drain");
  }
  await once(socket, "data");
  socket.destroy();
  return performance.now() - from;
}
