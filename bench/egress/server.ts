/** The server outside, a process of its own: `d` sends a stream, `u` swallows one, anything else is echoed. */
import { createServer } from "node:net";
import { OUTSIDE, STREAM_BYTES } from "./setting.ts";

const block = Buffer.alloc(1 << 20);
const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  socket.on("error", () => undefined);
  socket.once("data", (first) => {
    switch (String.fromCharCode(first[0] ?? 0)) {
      case "d": {
        let left = STREAM_BYTES;
        const send = (): void => {
          while (left > 0) {
            left -= block.length;
            if (!socket.write(block)) return;
          }
          socket.end();
        };
        socket.on("drain", send);
        send();
        return;
      }
      case "u": {
        // By count, not by the stream's end: sandbox-runtime does not pass a half-closed connection on.
        let left = STREAM_BYTES + 1 - first.length;
        socket.on("data", (chunk) => {
          left -= chunk.length;
          if (left === 0) socket.end("k");
        });
        return;
      }
      default:
        socket.write(first);
        socket.on("data", (chunk) => socket.write(chunk));
        socket.on("end", () => socket.end());
    }
  });
});
server.listen({ host: OUTSIDE, port: 0, reusePort: true }, () => {
  const address = server.address();
  if (address === null || typeof address !== "object") throw new Error("no port");
  // The same on 127.0.0.1, which is the only name of this machine that sandbox-runtime reaches.
  const local = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => server.emit("connection", socket));
  local.listen({ host: "127.0.0.1", port: address.port, reusePort: true }, () =>
    process.send?.({ port: address.port }),
  );
});
