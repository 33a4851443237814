/** What a host has when something goes wrong while it is enrolled, or afterwards with what it keeps. By the shipped command. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";

let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;

before(async () => {
  serverPlace = makePlace();
  server = await startServer(serverPlace, {});
  owner = await setUp(server);
});
after(async () => {
  await server.stop();
  for (const place of [serverPlace, owner.place]) place.remove();
});

function placeOf(context: TestContext): Place {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return place;
}

/** In front of the server: hands on what `passes`, and is broken for anything else. */
async function startFront(context: TestContext, passes: (path: string) => boolean): Promise<string> {
  const front = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "" } = incoming;
      if (!passes(url)) {
        outgoing.writeHead(502).end();
        return;
      }
      const given = Object.entries(incoming.headers).filter(([name]) =>
        /^(?:content-(?:type|digest)|signature)/.test(name),
      );
      const headers = Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
      void fetch(server.url + url, { method, headers, ...(chunks.length > 0 && { body: Buffer.concat(chunks) }) })
        .then(async (answer) => {
          outgoing.writeHead(answer.status, { "content-type": "application/json" });
          outgoing.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch(() => outgoing.destroy());
    });
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  context.after(() => front.close());
  return `http://127.0.0.1:${String((front.address() as AddressInfo).port)}`;
}

describe("a host", () => {
  test("whose policies can't be fetched is enrolled all the same, and is told how to go on", async (context) => {
    const place = placeOf(context);
    let broken = true;
    const url = await startFront(context, (path) => !broken || !path.endsWith("/policies"));
    const { secret } = (await owner.call("invite", { body: { person: "olivia" } })) as { secret: string };
    const enrolled = await bailiwick(place, ["enroll", url, secret, "--json"]);
    assert.equal(enrolled.status, 1);
    const { host, lacking } = JSON.parse(enrolled.stdout) as { host: string; lacking?: string };
    assert.match(lacking ?? "", /policies could not be fetched/);
    assert.match(enrolled.stderr, /runs wait for that: `bailiwick sync`/);
    const { items } = (await owner.call("listHosts")) as { items: { id: string }[] };
    assert.ok(items.some(({ id }) => id === host));
    assert.notEqual((await bailiwick(place, ["run", "--", "true"])).status, 0);
    broken = false;
    const synced = await bailiwick(place, ["sync"]);
    assert.equal(synced.status, 0, synced.stderr);
  });

  test("whose report on its policies is damaged goes on being told them", async (context) => {
    const place = placeOf(context);
    await enrol(owner, server, place);
    const path = join(place.state, "server/policy/report.json");
    const whole = readFileSync(path, "utf8");
    for (const damaged of ['{"has":5}', '{"has":["not a digest"]}', "", "[]", whole.slice(0, -3)]) {
      writeFileSync(path, damaged);
      const synced = await bailiwick(place, ["sync"]);
      assert.equal(synced.status, 0, `${damaged}: ${synced.stderr}`);
    }
  });
});
