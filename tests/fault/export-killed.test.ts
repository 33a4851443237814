/** The exporter is killed at any point, again and again, while its receiver fails in every way it can: nothing is lost, and nothing is made up. */
import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openRunLog, type RunLog } from "@bailiwick/audit";
import { makeRunId } from "@bailiwick/base";
import { ended, exec, started } from "../../packages/exports/test/story.ts";
import {
  configure,
  recordedIds,
  startExporter,
  startHttpReceiver,
  until,
  type HttpReceiver,
  type HttpRequest,
} from "../support/exporting.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { startRsyslog } from "../support/rsyslog.ts";

const KILLS = 12;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Records all the time, as a run does, until it is told to end. */
function recording(place: Place): { stop(): Promise<void> } {
  let going = true;
  const done = (async () => {
    const log: RunLog = await openRunLog({
      directory: join(place.state, "log"),
      run: makeRunId(Date.now(), randomBytes(10)),
    });
    await log.append(started());
    for (let id = 1; going; id++) {
      await Promise.all([log.append(exec("exec.allowed", id, 0)), log.append(ended(id))]);
      await sleep(15);
    }
    await log.close();
  })();
  return {
    stop: async () => {
      going = false;
      await done;
    },
  };
}

function newPlace(context: TestContext): Place {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return place;
}

test("killed over and over while a webhook fails: everything arrives, in order but for what comes twice", async (context) => {
  const place = newPlace(context);
  const arrived: string[] = [];
  let sound = false;
  const take = ({ body }: HttpRequest): void => {
    arrived.push(...(JSON.parse(body.toString()) as { data: { id: string }[] }).data.map(({ id }) => id));
  };
  const receiver: HttpReceiver = await startHttpReceiver((request, response) => {
    const how = sound ? 0 : randomInt(6);
    if (how <= 1) {
      take(request);
      response.writeHead(200).end();
    } else if (how === 2) response.writeHead(500).end();
    else if (how === 3) response.destroy();
    else if (how === 4) {
      // It has them, and the exporter never learns of it.
      take(request);
      response.destroy();
    } else {
      take(request);
      response.writeHead(200, { "content-length": "10" }).write("half");
      response.destroy();
    }
  });
  context.after(receiver.stop);
  configure(
    place,
    `[destinations.hook]\ntype = "webhook"\nurl = "${receiver.url}"\nsecret = { env = "S" }\nformat = "event"\nbatch = 7\n`,
  );
  const env = { S: `whsec_${randomBytes(32).toString("base64")}` };
  const records = recording(place);
  for (let kill = 0; kill < KILLS; kill++) {
    const exporter = startExporter(place, "hook", env);
    const before = receiver.requests.length;
    // Somewhere between its start and its fourth request.
    const after = randomInt(4);
    await Promise.race([until(() => receiver.requests.length - before >= after), sleep(3000)]);
    await sleep(randomInt(20));
    exporter.child.kill("SIGKILL");
    await exporter.ended;
  }
  await records.stop();
  sound = true;
  const { status, stderr } = await bailiwick(place, ["export", "once", "hook"], { env });
  assert.equal(status, 0, stderr);
  const ids = await recordedIds(place);
  assert.ok(ids.length > 50, String(ids.length));
  assert.deepEqual([...new Set(arrived)], ids);
  assert.ok(arrived.length > ids.length, "nothing came twice: the receiver was not as bad as it should be");
});

test("killed over and over while rsyslog comes and goes: everything arrives", async (context) => {
  const place = newPlace(context);
  const folder = join(place.root, "rsyslog");
  let receiver = await startRsyslog(folder);
  context.after(async () => {
    await receiver.stop();
    place.remove();
  });
  const { port, ca } = receiver;
  configure(
    place,
    `[destinations.siem]\ntype = "syslog"\nhost = "127.0.0.1"\nport = ${String(port)}\nca = "${ca}"\nbatch = 20\n`,
  );
  const records = recording(place);
  for (let kill = 0; kill < KILLS; kill++) {
    const exporter = startExporter(place, "siem");
    await sleep(randomInt(300, 1500));
    if (kill % 3 === 0) await receiver.stop();
    exporter.child.kill("SIGKILL");
    await exporter.ended;
    if (kill % 3 === 0) receiver = await startRsyslog(folder, port);
  }
  await records.stop();
  const idOf = (data: string): string => / id="([^"]*)"/.exec(data)?.[1] ?? "";
  await until(async () => (await bailiwick(place, ["export", "once", "siem"])).status === 0);
  const ids = await recordedIds(place);
  const arrived = (): Set<string> => new Set(receiver.messages().map(({ data }) => idOf(data)));
  await until(() => ids.every((id) => arrived().has(id)));
  assert.deepEqual(arrived(), new Set(ids));
});

test("killed while it writes to a file: every line is whole, and none is missing", async (context) => {
  const place = newPlace(context);
  const path = join(place.root, "out.ndjson");
  configure(place, `[destinations.file]\ntype = "file"\npath = "${path}"\nbatch = 3\n`);
  const records = recording(place);
  for (let kill = 0; kill < KILLS; kill++) {
    const exporter = startExporter(place, "file");
    await sleep(randomInt(300, 900));
    exporter.child.kill("SIGKILL");
    await exporter.ended;
  }
  await records.stop();
  assert.equal((await bailiwick(place, ["export", "once", "file"])).status, 0);
  const { readFileSync } = await import("node:fs");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const written = lines.map((line) => (JSON.parse(line) as { id: string }).id);
  assert.deepEqual(new Set(written), new Set(await recordedIds(place)));
});
