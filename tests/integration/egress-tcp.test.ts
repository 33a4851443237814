import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openOutside, openWorld, readAll, until } from "./egress-world.ts";

describe("TCP through the gateway", () => {
  test("bytes go both ways, ends are half-closed, and the observer hears of it in order", async () => {
    const outside = await openOutside((socket) => {
      socket.on("end", () => socket.end("bye"));
    });
    const world = await openWorld({
      allow: [{ name: "allowed.test", port: outside.port }],
      hosts: { "allowed.test": "127.0.0.2" },
    });
    const client = await world.connect("allowed.test", outside.port);
    client.end("hello");
    assert.deepEqual(await readAll(client), { data: "bye", ended: "end" });
    await until(() => world.of("closed").length === 1, "closed is reported");
    assert.equal(outside.received(), "hello");
    assert.deepEqual(
      world.reports.map(({ kind }) => kind),
      ["opened", "closed"],
    );
    const [opened] = world.of("opened");
    assert.equal(opened?.host, "allowed.test");
    assert.equal(opened?.address, "127.0.0.2");
    assert.equal(opened?.exec, 7);
    const [closed] = world.of("closed");
    assert.equal(closed?.bytesSent, 5);
    assert.equal(closed?.bytesReceived, 3);
    assert.equal(closed?.error, undefined);
    await world.close();
    await outside.close();
  });
});
