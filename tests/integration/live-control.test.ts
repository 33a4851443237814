/** The server pauses and ends runs of enrolled hosts, and runs end that hear nothing from it; nobody else commands a host. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test, type TestContext } from "node:test";
import { readServerNotes } from "../support/server-log.ts";
import { enrol, setUp, signIn, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { eventually, startGoing, type Going } from "../support/going.ts";
import { bailiwick, makePlace, ofType, type Place } from "../support/governed.ts";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let database: string | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  await owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  serverPlace.remove();
  owner.place.remove();
});

async function host(context: TestContext, person = "olivia"): Promise<Place & { readonly id: string }> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return { ...place, id: await enrol(owner, server, place, person) };
}

async function going(context: TestContext, place: Place): Promise<Going> {
  const one = await startGoing(place);
  context.after(() => {
    one.child.kill("SIGKILL");
  });
  return one;
}

async function order(by: SignedIn, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await bailiwick(by.place, ["server", ...args]);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Until the server has the run: an order for one run is for one that it knows. */
async function isKnown({ run }: Going): Promise<void> {
  await eventually(
    async () =>
      (await bailiwick(owner.place, ["server", "call", "showRun", `{"params":{"run":"${run}"}}`])).status === 0,
    "the server knows the run",
  );
}

function reasons(events: Awaited<ReturnType<Going["events"]>>): string[] {
  return ofType(events, "run.frozen").map(({ reason }) => reason);
}

describe("orders", () => {
  test("kill ends one run and no other, for a reason that the record and the server's log have", async (context) => {
    const place = await host(context);
    const [one, other] = [await going(context, place), await going(context, place)];
    await isKnown(one);
    await order(owner, "kill", "--run", one.run, "--reason", "it dug in the wrong garden");
    assert.equal(await one.ended(), 137);
    const before = other.count();
    await eventually(() => other.count() > before, "the other goes on");
    other.release();
    assert.equal(await other.ended(), 0);
    const events = await one.events();
    assert.match(reasons(events)[0] ?? "", /^ended: by olivia: it dug in the wrong garden \(order [0-9]+\)$/);
    assert.equal(ofType(events, "run.ended")[0]?.reason, "killed");
    assert.match(await one.until(/ended/), /the run is ended: by olivia: it dug in the wrong garden/);
    assert.deepEqual(reasons(await other.events()), []);
    const notes = await readServerNotes(owner);
    assert.ok(notes.some(({ type, reason }) => type === "order.given" && reason === "it dug in the wrong garden"));
    assert.ok(notes.some(({ type, action }) => type === "right.used" && action === "killRun"));
  });

  test("the kill switch ends all runs of all hosts, and what starts while it stands, until it is lifted", async (context) => {
    const places = [await host(context), await host(context, "robin")] as const;
    const runs = [await going(context, places[0]), await going(context, places[1]), await going(context, places[0])];
    await order(owner, "kill", "--all", "--reason", "drill");
    for (const run of runs) assert.equal(await run.ended(), 137);
    const late = await startGoing(places[1]);
    assert.equal(await late.ended(), 137);
    assert.match(await order(owner, "orders"), /kill  all runs, until/);
    await order(owner, "kill", "--all", "--lift", "--reason", "over");
    const again = await going(context, places[1]);
    again.release();
    assert.equal(await again.ended(), 0);
  });

  test("pause stops every process, resume lets them go on; one person's only", async (context) => {
    const [mine, robins] = [await host(context), await host(context, "robin")];
    const [one, other] = [await going(context, robins), await going(context, mine)];
    await order(owner, "pause", "--person", "robin", "--reason", "look first");
    let stood = -1;
    const standsStill = async (): Promise<boolean> => {
      stood = one.count();
      const went = other.count();
      await eventually(() => other.count() > went + 5, "the other goes on");
      return one.count() === stood;
    };
    await one.until(/the run is paused: by olivia: look first/);
    await eventually(standsStill, "it stands still");
    await order(owner, "resume", "--person", "robin", "--reason", "looked");
    await eventually(() => one.count() > stood, "it goes on");
    one.release();
    other.release();
    assert.deepEqual([await one.ended(), await other.ended()], [0, 0]);
    assert.match(reasons(await one.events())[0] ?? "", /^paused: by olivia: look first/);
    const nothing = await bailiwick(owner.place, ["server", "resume", "--person", "robin", "--reason", "again"]);
    assert.match(nothing.stderr, /no order to pause runs stands for person `robin`/);
  });

  test("an order that was given while the server could not reach the host holds when it can", async (context) => {
    const place = await host(context);
    const { url, close, cut } = await between(server.url);
    context.after(close);
    redirect(place, url);
    const one = await going(context, place);
    cut(true);
    await order(owner, "kill", "--host", place.id, "--reason", "later");
    const before = one.count();
    await eventually(() => one.count() > before + 5, "it goes on while it is cut off");
    cut(false);
    assert.equal(await one.ended(), 137);
  });

  test("who has no right orders nothing; a developer orders their own", async (context) => {
    const [mine, robins] = [await host(context), await host(context, "robin")];
    const [one, other] = [await going(context, mine), await going(context, robins)];
    await Promise.all([isKnown(one), isKnown(other)]);
    const scope = { type: "Company", id: "company" };
    await owner.call("grantRole", { body: { to: { type: "Person", id: "robin" }, role: "developer", scope } });
    const { secret } = (await owner.call("issueToken", {
      params: { person: "robin" },
      body: { name: "t", actions: ["killRun", "pauseRun", "viewOrder", "setLease"], expiresInS: 600 },
    })) as { secret: string };
    const robin = await signIn(server, secret);
    context.after(() => {
      robin.place.remove();
    });
    for (const words of [
      ["kill", "--run", one.run],
      ["kill", "--all"],
      ["pause", "--person", "olivia"],
      ["lease", "60", "--all"],
    ]) {
      const refused = await bailiwick(robin.place, ["server", ...words, "--reason", "no"]);
      assert.equal(refused.status, 125, words.join(" "));
      assert.match(refused.stderr, /no role permits/);
    }
    await order(robin, "kill", "--run", other.run, "--reason", "mine");
    assert.equal(await other.ended(), 137);
    one.release();
    assert.equal(await one.ended(), 0);
  });
});

/** A proxy to the server at another address. */
async function between(
  target: string,
  change: (path: string, answer: Buffer) => Buffer = (_, answer) => answer,
): Promise<{ readonly url: string; close(): void; cut(off: boolean): void }> {
  let off = false;
  const proxy = createServer((incoming, outgoing) => {
    void forward(incoming, outgoing);
  });
  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const path = incoming.url ?? "/";
    const onward = request(new URL(path, target), { method: incoming.method ?? "GET", headers: incoming.headers });
    onward.on("error", () => outgoing.destroy());
    onward.on("response", (response) => {
      void buffer(response).then((answer) => {
        if (off) return outgoing.destroy();
        const changed = change(path, answer);
        const headers = { ...response.headers, "content-length": String(changed.length) };
        delete (headers as Record<string, unknown>)["transfer-encoding"];
        return outgoing.writeHead(response.statusCode ?? 500, headers).end(changed);
      });
    });
    if (off) outgoing.destroy();
    else onward.end(body);
  };
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
    cut: (wanted) => {
      off = wanted;
      if (off) proxy.closeAllConnections();
    },
  };
}

function redirect(place: Place, url: string): void {
  const path = join(place.state, "server/enrolment.json");
  writeFileSync(path, readFileSync(path, "utf8").replace(server.url, url));
}

describe("who else would command a host", () => {
  const FORGERIES: Readonly<Record<string, (genuine: string) => string>> = {
    "a statement by another key of the same name": (genuine) => {
      const [kind = "", line = ""] = genuine.split("\n");
      const text = `${kind}\n${line.replace('"running"', '"ended"')}\n`;
      const { privateKey } = generateKeyPairSync("ed25519");
      const [, name = "", old = ""] = /\n— (\S+) (\S+)\n$/.exec(genuine) ?? [];
      const id = Buffer.from(old, "base64").subarray(0, 4);
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString("base64");
      return `${text}\n— ${name} ${signature}\n`;
    },
    "a genuine statement that was changed": (genuine) => genuine.replace('"running"', '"ended"'),
    "no statement at all": () => "end it\n",
  };
  for (const [what, forge] of Object.entries(FORGERIES)) {
    test(`${what} is not followed`, async (context) => {
      const place = await host(context);
      let forged = 0;
      const { url, close } = await between(server.url, (path, answer) => {
        if (!path.endsWith("/orders")) return answer;
        forged += 1;
        const { statement } = JSON.parse(answer.toString()) as { statement: string };
        return Buffer.from(JSON.stringify({ statement: forge(statement) }));
      });
      context.after(close);
      redirect(place, url);
      const one = await going(context, place);
      assert.match(await one.until(/not the server/), /is not the server that this host was enrolled at/);
      await eventually(() => forged >= 2, "it was told twice");
      one.release();
      assert.equal(await one.ended(), 0);
      assert.deepEqual(reasons(await one.events()), []);
    });
  }

  test("a genuine statement that answers an earlier question is not followed; negative control: the answer is", async (context) => {
    const place = await host(context);
    let old: Buffer | undefined;
    let replay = false;
    const { url, close } = await between(server.url, (path, answer) => {
      if (!path.endsWith("/orders")) return answer;
      if (answer.includes('\\"ended\\"')) old ??= answer;
      return replay && old !== undefined ? old : answer;
    });
    context.after(close);
    redirect(place, url);
    const first = await going(context, place);
    await order(owner, "kill", "--host", place.id, "--reason", "once");
    assert.equal(await first.ended(), 137);
    assert.ok(old !== undefined);
    await order(owner, "kill", "--host", place.id, "--lift", "--reason", "over");
    replay = true;
    const second = await going(context, place);
    await second.until(/not the server/);
    second.release();
    assert.equal(await second.ended(), 0);
  });
});

describe("a lease", () => {
  test("ends runs of a host that hears nothing, and of no other; also of one that starts while the server is away", async (context) => {
    const [leased, free] = [await host(context), await host(context)];
    await order(owner, "lease", "10", "--host", leased.id, "--reason", "contractor");
    const path = join(leased.state, "server/lease.note");
    const { url, close, cut } = await between(server.url);
    context.after(close);
    for (const place of [leased, free]) redirect(place, url);
    const [one, other] = [await going(context, leased), await going(context, free)];
    await eventually(() => readIfThere(path).includes("leaseS"), "the host keeps the lease");
    cut(true);
    assert.equal(await one.ended(), 137);
    assert.match(reasons(await one.events())[0] ?? "", /^ended: nothing was heard from the server for 10 s$/);
    const late = await going(context, leased);
    assert.equal(await late.ended(), 137);
    const before = other.count();
    await eventually(() => other.count() > before, "the other goes on");
    // A lease that nobody signed is none.
    writeFileSync(path, readFileSync(path, "utf8").replace('"leaseS":10', '"leaseS":11'));
    const forged = await going(context, leased);
    forged.release();
    assert.equal(await forged.ended(), 0);
    other.release();
    assert.equal(await other.ended(), 0);
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
