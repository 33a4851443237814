import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { BrokenFiles } from "../../test/broken-files.ts";
import { allowed, appendNow, newRun, started, temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { AuditError } from "../errors.ts";
import { encodeEvent } from "../fit.ts";
import { generateKey } from "../key.ts";
import { formatVerifierKey } from "../note.ts";
import { openAppender } from "../open-log.ts";
import { LOG_ITSELF } from "../personal.ts";
import { rotateKey, verifyLog } from "../queries.ts";
import { readVerifierKey } from "../read.ts";
import { openRunLog } from "../run-log.ts";

const by = { by: "officer", at: 9 };

async function rotatedTwice(context: TestContext) {
  const directory = temporaryRecord(context);
  const first = await writeRun(directory, 2);
  const keys = [await readVerifierKey(directory)];
  const older = readFileSync(join(directory, "log/checkpoint"));
  for (let round = 0; round < 2; round++) {
    keys.push((await rotateKey(directory, by)).to);
    await writeRun(directory, 2);
  }
  return { directory, first, keys, older };
}

describe("rotating the key", () => {
  test("leads from any of the log's keys to the newest, and keeps origin and old checkpoints", async (context) => {
    const { directory, first, keys, older } = await rotatedTwice(context);
    assert.equal(new Set(keys).size, 3);
    assert.equal(new Set(keys.map((key) => key.split("+")[0])).size, 1);
    assert.equal(await readVerifierKey(directory), keys[2]);
    for (const verifierKey of keys) {
      const found = await verifyLog(directory, { verifierKey, against: [{ note: older }], remembered: [first.head] });
      assert.deepEqual([found.problems, found.rotations], [[], 2]);
    }
    assert.equal(statSync(join(directory, "log.key")).mode & 0o777, 0o600);
    const other = formatVerifierKey(generateKey(keys[0]?.split("+")[0] ?? "").verifier);
    const { problems } = await verifyLog(directory, { verifierKey: other });
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ["signature"],
    );
  });

  test("is followed by a run that is writing meanwhile", async (context) => {
    const directory = temporaryRecord(context);
    const log = await openRunLog({ directory, run: newRun() });
    await appendNow(log, started(log.follows));
    const { from, to } = await rotateKey(directory, by);
    await appendNow(log, allowed(1));
    await log.close();
    const { problems, rotations } = await verifyLog(directory, { verifierKey: from });
    assert.deepEqual([problems, rotations], [[], 1]);
    const signatures = readFileSync(join(directory, "log/checkpoint"), "utf8").split("\n\n")[1]?.trim().split("\n");
    assert.equal(signatures?.length, 1, "the new key signs alone");
    assert.notEqual(from, to);
  });

  test("that no entry records is named", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 2);
    const verifierKey = await readVerifierKey(directory);
    // Whoever could replace the files puts a key of their own beside a log that it signed.
    const key = generateKey(verifierKey.split("+")[0] ?? "");
    writeFileSync(join(directory, "log.key"), key.text);
    writeFileSync(join(directory, "log.vkey"), `${formatVerifierKey(key.verifier)}\n`);
    const checkpoint = readFileSync(join(directory, "log/checkpoint"), "utf8");
    const text = checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1);
    const signature = Buffer.concat([key.verifier.id, await key.sign(Buffer.from(text))]).toString("base64");
    writeFileSync(join(directory, "log/checkpoint"), `${text}\n— ${key.verifier.name} ${signature}\n`);
    assert.equal((await verifyLog(directory)).ok, true, "whoever believes the key beside the log believes anything");
    const { problems } = await verifyLog(directory, { verifierKey });
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ["signature"],
    );
    assert.match(problems[0]?.detail ?? "", /no rotation to another key is recorded/);
  });

  test("whose checkpoint is gone or forged leads nowhere", async (context) => {
    const { directory, keys } = await rotatedTwice(context);
    const path = join(directory, "log/rotations/1");
    const kept = readFileSync(path, "utf8");
    const [text = "", signatures = ""] = kept.split("\n\n");
    const [one = "", two = ""] = signatures.trim().split("\n");
    for (const forged of [`${text}\n\n${one}\n`, `${text}\n\n${two}\n`, "nothing", undefined]) {
      if (forged === undefined) rmSync(path);
      else writeFileSync(path, forged);
      const { ok } = await verifyLog(directory, { verifierKey: keys[0] ?? "" });
      assert.equal(ok, false, forged);
    }
    writeFileSync(path, kept);
    assert.equal((await verifyLog(directory, { verifierKey: keys[0] ?? "" })).ok, true);
  });
});

test("a rotation that dies at any call is finished or forgotten by whoever comes next", async (context) => {
  const rotate = async (directory: string, files: BrokenFiles): Promise<void> => {
    const { appender, lock } = await openAppender({ directory, files });
    try {
      const key = generateKey((await readVerifierKey(directory)).split("+")[0] ?? "");
      const to = formatVerifierKey(key.verifier);
      await appender.rotate({ key }, (old) =>
        encodeEvent(LOG_ITSELF, { type: "key.rotated", ...by, from: formatVerifierKey(old), to }),
      );
    } finally {
      lock.close();
    }
  };
  const template = temporaryRecord(context);
  await writeRun(template, 2);
  const first = await readVerifierKey(template);
  const dry = new BrokenFiles();
  cpSync(template, `${template}-dry`, { recursive: true });
  await rotate(`${template}-dry`, dry);
  const outcomes = new Set<number>();
  for (let at = 0; at < dry.calls.length; at++) {
    const directory = `${template}-${String(at)}`;
    cpSync(template, directory, { recursive: true });
    const files = new BrokenFiles({ at, code: "EIO", effect: at % 2 === 0 ? "none" : "done", lasts: "forever" });
    await rotate(directory, files).catch((error: unknown) => {
      assert.ok(error instanceof AuditError, String(error));
    });
    await writeRun(directory, 1);
    const found = await verifyLog(directory, { verifierKey: first });
    assert.deepEqual(found.problems, [], `died at ${dry.calls[at] ?? ""}`);
    assert.deepEqual((await verifyLog(directory)).problems, [], `died at ${dry.calls[at] ?? ""}`);
    assert.ok(!existsSync(join(directory, "log.key.next")), dry.calls[at]);
    outcomes.add(found.rotations);
    rmSync(directory, { recursive: true });
  }
  assert.deepEqual([...outcomes].sort(), [0, 1], "both ways were seen");
});
