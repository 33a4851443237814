/** Hosts by name and published ports, end to end. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makePlace, ofType, personEnvironment, readEvents, runGoverned } from "../support/governed.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));
const place = makePlace();
const server = createServer((_, response) => response.end("from outside\n"));
let port = 0;
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  place.remove();
});

const profile = (...allow: string[]) =>
  `extends = "standard"\n[network]\nallow = ${JSON.stringify(allow)}\n[network.hosts]\n"allowed.test" = "127.0.0.1"\n`;
const fetch = (name: string) => ["curl", "-sS", "--max-time", "10", `http://${name}:${String(port)}/`];

describe("network", () => {
  test("a host that the profile allows is reached, and recorded with who connected and what moved", async () => {
    const { status, stdout, stderr, events } = await runGoverned(place, {
      argv: ["sh", "-c", fetch("allowed.test").join(" ")],
      profile: profile(`allowed.test:${String(port)}`),
    });
    assert.deepEqual([status, stdout], [0, "from outside\n"], stderr);
    const [opened] = ofType(events, "connection.opened");
    assert.deepEqual([opened?.host, opened?.port, opened?.address], ["allowed.test", port, "127.0.0.1"]);
    const curl = ofType(events, "exec.allowed").find(({ argv }) => argv.values[0] === "curl");
    assert.equal(opened?.exec, curl?.exec);
    assert.ok((ofType(events, "connection.closed")[0]?.bytesReceived ?? 0) > 50);
  });

  test("--allow-host adds one", async () => {
    const { status } = await runGoverned(place, {
      argv: fetch("allowed.test"),
      profile: profile(),
      options: ["--allow-host", `allowed.test:${String(port)}`],
    });
    assert.equal(status, 0);
  });

  test("another is refused, recorded, and in the summary", async () => {
    const { status, stderr, events } = await runGoverned(place, {
      argv: fetch("other.test"),
      profile: profile(`allowed.test:${String(port)}`),
    });
    assert.notEqual(status, 0);
    assert.equal(ofType(events, "host.refused")[0]?.host, "other.test");
    assert.match(stderr, /hosts +none reached, other\.test/);
  });

  test("a policy decides within the profile", async () => {
    const policy =
      '@id("test.no-host")\n@reason("not today")\nforbid (principal, action == Action::"connect", resource == Host::"allowed.test");';
    const { status, events } = await runGoverned(place, {
      argv: fetch("allowed.test"),
      profile: profile(`allowed.test:${String(port)}`),
      policy,
    });
    assert.notEqual(status, 0);
    assert.deepEqual(ofType(events, "host.refused")[0]?.decision.policies, ["test.no-host"]);
  });

  test("the host's own loopback is out of reach", async () => {
    const { status } = await runGoverned(place, {
      argv: fetch("127.0.0.1"),
      profile: profile(`allowed.test:${String(port)}`),
    });
    assert.notEqual(status, 0);
  });

  test("--publish reaches a server inside", async () => {
    const inside =
      "require('http').createServer((_, r) => r.end('from inside')).listen(PORT, '127.0.0.1', () => console.log('up'))";
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const published = (free.address() as AddressInfo).port;
    free.close();
    await once(free, "close");
    const script = inside.replace("PORT", String(published));
    const args = ["run", "--name", "published", "--publish", String(published), "--", "node", "-e", script];
    const child = spawn(process.execPath, [command, ...args], { cwd: place.workspace, env: personEnvironment(place) });
    child.stderr.resume();
    await once(child.stdout, "data");
    const answer = await new Promise<string>((resolve, reject) => {
      request({ host: "127.0.0.1", port: published, agent: false }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      })
        .on("error", reject)
        .end();
    });
    assert.equal(answer, "from inside");
    child.kill("SIGTERM");
    await once(child, "close");
    assert.equal(ofType(await readEvents(place, "published"), "run.ended").length, 1);
    // Nothing listens any more.
    await assert.rejects(
      new Promise((resolve, reject) => {
        request({ host: "127.0.0.1", port: published, agent: false }, resolve).on("error", reject).end();
      }),
      { code: "ECONNREFUSED" },
    );
  });

  test("a port that is taken is said before anything runs", async () => {
    const { status, stderr } = await runGoverned(place, {
      argv: ["echo", "ran"],
      options: ["--publish", String(port)],
    });
    assert.equal(status, 125);
    assert.match(stderr, new RegExp(String(port)));
  });
});
