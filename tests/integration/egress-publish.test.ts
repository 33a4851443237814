import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { describe, test } from "node:test";
import { publishPort } from "@bailiwick/egress";
import { readAll } from "./egress-world.ts";
import { freePort } from "../support/free-port.ts";

async function serverInside(serve: (socket: Socket) => void): Promise<{ server: Server; open: () => Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    server,
    open: async () => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      await once(socket, "connect");
      return socket;
    },
  };
}

describe("publishPort", () => {
  test("a program of the host talks to the server inside, half-closing both ways", async () => {
    const inside = await serverInside((socket) => {
      let text = "";
      socket.on("data", (data) => (text += data.toString()));
      socket.on("end", () => socket.end(`got ${text}`));
    });
    const asked: number[] = [];
    const port = await freePort();
    const publication = await publishPort({
      port,
      connectInside: (wanted) => {
        asked.push(wanted);
        return inside.open();
      },
    });
    assert.equal(publication.host, "127.0.0.1");
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    client.end("hello");
    assert.deepEqual(await readAll(client), { data: "got hello", ended: "end" });
    assert.deepEqual(asked, [port]);
    await publication.close();
    const late = connect({ port, host: "127.0.0.1" });
    assert.equal((await readAll(late)).ended, "ECONNREFUSED");
    inside.server.close();
  });

  test("is not reachable by another address of the machine", async () => {
    const port = await freePort();
    const publication = await publishPort({ port, connectInside: () => Promise.reject(new Error("nothing listens")) });
    assert.equal((await readAll(connect({ port, host: "127.0.0.3" }))).ended, "ECONNREFUSED");
    await publication.close();
  });

  test("nothing listens inside: the caller is reset, and the next one may try again", async () => {
    const port = await freePort();
    const publication = await publishPort({ port, connectInside: () => Promise.reject(new Error("nothing listens")) });
    for (let time = 0; time < 2; time++) {
      assert.equal((await readAll(connect({ port, host: "127.0.0.1" }))).ended, "ECONNRESET");
    }
    await publication.close();
  });

  test("a port in use is an error with its remedy", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const connectInside = (): Promise<never> => Promise.reject(new Error("unused"));
    await assert.rejects(publishPort({ port, connectInside }), {
      code: "EGRESS_PUBLISH_PORT_IN_USE",
      message: `cannot publish \`127.0.0.1:${String(port)}\`: the port is in use`,
      remedy: /another port/,
    });
    await assert.rejects(publishPort({ port, connectInside, host: "203.0.113.1" }), { code: "EGRESS_PUBLISH_FAILED" });
    server.close();
  });

  test("closing ends what is open", async () => {
    const inside = await serverInside(() => undefined);
    const port = await freePort();
    const publication = await publishPort({ port, connectInside: inside.open });
    const client = connect({ port, host: "127.0.0.1" });
    await once(client, "connect");
    const ended = readAll(client);
    await publication.close();
    await ended;
    inside.server.close();
  });
});
