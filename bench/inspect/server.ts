/** The HTTPS server outside, a process of its own: `/stream` sends one, a PUT is swallowed, a POST is answered as a model does, anything else at once. HTTP/2 and HTTP/1.1. */
import { createSecureServer } from "node:http2";
import { readFileSync } from "node:fs";
import { EVENT, EVENTS, OUTSIDE, STREAM_BYTES } from "./setting.ts";

const [key = "", cert = ""] = process.argv.slice(2);
const block = Buffer.alloc(1 << 16, "x");
const server = createSecureServer({
  key: readFileSync(key),
  cert: readFileSync(cert),
  allowHTTP1: true,
  settings: { initialWindowSize: 1 << 20 },
});
server.on("request", (request, response) => {
  if (request.method === "PUT") {
    let left = STREAM_BYTES;
    request.on("data", (chunk: Buffer) => (left -= chunk.length));
    request.on("end", () => {
      response.statusCode = left === 0 ? 200 : 400;
      response.end();
    });
    return;
  }
  if (request.method === "POST") {
    request.resume();
    response.setHeader("content-type", "text/event-stream");
    let events = 0;
    const send = (): void => {
      while (events++ < EVENTS) {
        if (!response.write(EVENT)) {
          response.once("drain", send);
          return;
        }
      }
      response.end();
    };
    send();
    return;
  }
  if (request.url !== "/stream") {
    response.end("answered");
    return;
  }
  response.setHeader("content-length", STREAM_BYTES);
  let left = STREAM_BYTES;
  const send = (): void => {
    while (left > 0) {
      left -= block.length;
      if (!response.write(block)) {
        response.once("drain", send);
        return;
      }
    }
    response.end();
  };
  send();
});
server.listen({ host: OUTSIDE, port: 0, reusePort: true }, () => {
  const address = server.address();
  if (address === null || typeof address !== "object") throw new Error("no port");
  process.send?.({ port: address.port });
});
