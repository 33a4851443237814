import { writeSync } from "node:fs";
import { isErrno } from "@bailiwick/base";
import { Writable } from "node:stream";
import { isatty } from "node:tty";

/** Between two tries where whoever started us has made a stream non-blocking, and nobody reads it. */
const AGAIN_MS = 5;

/**
 * Gives this process standard streams of its own making, before anybody looks at Node's. Those make a pipe or socket non-blocking as soon as somebody
 * does, be it a socket that is closed or a thread that is started; the command inside has the same pipe, and its own writes would fail with EAGAIN
 * once the reader is slower than it. A terminal is another matter: Node opens it anew.
 * @see open(2), O_NONBLOCK: it is of the open file description, which is shared
 */
export function keepStreamsBlocking(): void {
  for (const [name, fd] of [
    ["stdout", 1],
    ["stderr", 2],
  ] as const) {
    if (isatty(fd)) continue;
    const stream = new Writable({
      decodeStrings: true,
      write: (chunk: Buffer, _, done) => {
        try {
          writeWhole(fd, chunk);
          done();
        } catch (error) {
          done(error instanceof Error ? error : new Error(String(error)));
        }
      },
    });
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      value: Object.assign(stream, { fd }),
    });
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (!isErrno(error, "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    }
  }
}
