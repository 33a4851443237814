import type { Readable, Writable } from "node:stream";

/**
 * Passes a body on as it comes, no faster than it is taken. Its end and errors are the caller's to handle, since what they mean differs.
 * @param look sees every piece before it goes on; false: nothing more goes on, this piece neither. Nothing follows while it takes time
 * @param end called when all has gone on: the end of `from` may come while its last piece is still looked at
 */
export function pump(
  from: Readable,
  to: Writable,
  look: (chunk: Buffer) => boolean | Promise<boolean>,
  end: () => void = () => undefined,
): void {
  let isLooking = false;
  let isAtEnd = false;
  const resume = (): void => {
    if (!isLooking) from.resume();
  };
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    to.uncork();
  };
  const stop = (): void => {
    from.removeAllListeners("data");
    from.pause();
  };
  const pass = (chunk: Buffer): void => {
    if (!to.writable) return;
    // One read of the kernel's comes as several records of TLS: they go on in one write.
    if (!isCorked) {
      isCorked = true;
      to.cork();
      process.nextTick(uncork);
    }
    if (!to.write(chunk)) from.pause();
  };
  from.on("data", (chunk: Buffer) => {
    const goesOn = look(chunk);
    if (goesOn === true) pass(chunk);
    else if (goesOn === false) stop();
    else {
      isLooking = true;
      from.pause();
      void goesOn.then((may) => {
        isLooking = false;
        if (!may) {
          stop();
          return;
        }
        pass(chunk);
        if (isAtEnd) end();
        else if (!to.writableNeedDrain) from.resume();
      });
    }
  });
  from.on("end", () => {
    isAtEnd = true;
    if (!isLooking) end();
  });
  to.on("drain", resume);
}
