/** `bailiwick server evidence` and `evidence check`, through the shipped commands: an archive of what several hosts sent to a shipped server. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unzipSync, zipSync } from "fflate";
import { Client } from "../../packages/control-plane/contract/index.ts";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { addPerson, enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, runGoverned, type Place } from "../support/governed.ts";

const serverPlace = makePlace();
const laptop: Place = makePlace();
let server: RunningServer;
let olivia: SignedIn;
let other: TestHost;
let laptopId = "";
const archive = join(serverPlace.root, "e.zip");

before(async () => {
  server = await startServer(serverPlace, {});
  olivia = await setUp(server);
  laptopId = await enrol(olivia, server, laptop);
  const { status, stderr } = await runGoverned(laptop, { argv: ["sh", "-c", "echo hello; cat ~/.ssh/id_rsa"] });
  assert.notEqual(status, 125, stderr);
  assert.equal((await bailiwick(laptop, ["sync"])).status, 0);
  const body = { name: "all", actions: ["enrollHost"], expiresInS: 3_600 };
  const { secret } = await olivia.call("issueToken", { params: { person: "olivia" }, body });
  const owner = new Client({ url: server.url, by: { token: String(secret) } });
  other = await makeHost({ owner, server }, "olivia");
  await other.record({ labels: ["team=payments"] });
  await other.send();
});
after(async () => {
  other.remove();
  for (const place of [olivia.place, laptop, serverPlace]) place.remove();
  await server.stop();
});

const evidence = async (...args: string[]) => await bailiwick(olivia.place, ["server", "evidence", ...args]);
const check = async (path: string, ...more: string[]) =>
  await bailiwick(serverPlace, ["evidence", "check", path, "--key", server.logKey, ...more]);

interface Made {
  readonly digest: string;
  readonly runs: readonly string[];
  readonly reason: string;
  readonly by: string;
}

describe("an archive of evidence of a server", () => {
  test("is written whole, holds by the server's key, and is listed with its digest", async () => {
    const written = await evidence("--all", "--from", "1h", "--reason", "the audit", "--out", archive, "--json");
    assert.equal(written.status, 0, written.stderr);
    const { digest, made } = JSON.parse(written.stdout) as { digest: string; made: Made };
    const bytes = readFileSync(archive);
    assert.equal(digest, `sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    assert.deepEqual([made.digest, made.reason, made.runs.length], [digest, "the audit", 2]);
    const held = await check(archive);
    assert.match(held.stdout, /^holds: \d+ files, \d+ proofs/, held.stderr);
    for (const id of [laptopId, other.id]) assert.ok(held.stdout.includes(`host ${id} `), held.stdout);
    const files = unzipSync(bytes);
    assert.match(Buffer.from(files["report.html"] ?? []).toString(), /the audit/);
    assert.equal(Buffer.from(files["report.pdf"]?.subarray(0, 5) ?? []).toString(), "%PDF-");
    const listed = await evidence("list", "--json");
    const [first] = listed.stdout.trim().split("\n");
    assert.equal((JSON.parse(first ?? "") as Made).digest, digest);
    assert.match((await evidence("list")).stdout, /all runs: 2 runs {2}olivia: the audit/);
  });

  test("negative control: a byte of an event, its proof's host or the key changed, it does not hold", async () => {
    const files = unzipSync(readFileSync(archive));
    const [events = ""] = Object.keys(files).filter((path) => path.startsWith(`hosts/${laptopId}/runs/`));
    const text = Buffer.from(files[events] ?? []).toString();
    const forged = text.replace('"outcome":"deny"', '"outcome":"allow"');
    assert.notEqual(forged, text);
    const path = join(serverPlace.root, "forged.zip");
    writeFileSync(path, zipSync({ ...files, [events]: Buffer.from(forged) }));
    const found = await check(path);
    assert.equal(found.status, 1);
    assert.match(found.stdout, /was changed/);
    assert.match(found.stdout, /proves another event than the one in runs/);
    const own = await bailiwick(laptop, ["audit", "key"]);
    const wrong = await bailiwick(serverPlace, ["evidence", "check", archive, "--key", own.stdout.trim()]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /manifest\.note is not signed/);
  });

  test("is of what was asked for, and what is asked wrongly is said", async () => {
    const out = join(serverPlace.root, "labelled.zip");
    const labelled = await evidence("--all", "--label", "team=payments", "--reason", "x", "--out", out);
    assert.match(labelled.stdout, /labelled\.zip {2}.*1 run; entry \d+ of the server's log\nsha256:[0-9a-f]{64}\n$/);
    for (const [args, expected] of [
      [["--reason", "x"], /it is not said for what/],
      [["--all", "--reason", "x", "--framework", "pci"], /none of soc2/],
      [["--all", "--reason", "x", "--from", "soon"], /no time/],
      [["--project", "nowhere", "--reason", "x", "--out", join(serverPlace.root, "none.zip")], /no run of this scope/],
    ] as const) {
      const { status, stderr } = await evidence(...args);
      assert.equal(status, 125);
      assert.match(stderr, expected);
    }
    assert.ok(!existsSync(join(serverPlace.root, "none.zip")));
  });

  test("is for those with the right, and for nobody else", async () => {
    const auditor = await addPerson(olivia, server, "anna", {
      ...{ roles: ["auditor"], actions: ["exportAudit", "readRun", "viewUse"] },
    });
    const looker = await addPerson(olivia, server, "lisa", {
      roles: ["responder"],
      actions: ["exportAudit", "readRun"],
    });
    try {
      const out = join(serverPlace.root, "anna.zip");
      const args = ["server", "evidence", "--all", "--reason", "x", "--out"];
      assert.equal((await bailiwick(auditor.place, [...args, out])).status, 0);
      const refused = await bailiwick(looker.place, [...args, join(serverPlace.root, "lisa.zip")]);
      assert.equal(refused.status, 125);
      assert.match(refused.stderr, /no role permits exportAudit/);
      assert.ok(!existsSync(join(serverPlace.root, "lisa.zip")));
    } finally {
      for (const { place } of [auditor, looker]) place.remove();
    }
  });
});
