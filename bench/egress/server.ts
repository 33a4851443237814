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
      case "u":
        socket.on("data", () => undefined);
        socket.on("end", () => socket.end("k"));
        return;
      default:
        socket.write(first);
        socket.on("data", (chunk) => socket.write(chunk));
        socket.on("end", () => socket.end());
    }
  });
});
server.listen({ host: OUTSIDE, port: 0, reusePort: true }, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
