import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { signerOf, temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { diskFiles } from "../files.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import { formatNote, parseNote, parseVerifierKey, type VerifierKey } from "../note.ts";
import { proveConsistency } from "../proof.ts";
import { readVerifierKey } from "../read.ts";
import { signCheckpoint } from "../signed-head.ts";
import { diskSource } from "../source-disk.ts";
import { storedTree } from "../stored.ts";
import { findTile } from "../verify/source.ts";
import { formatAddCheckpoint } from "./add-checkpoint.ts";
import { checkCosignature, parseWitnessKey } from "./cosignature.ts";
import { openWitness, type Witness } from "./witness.ts";

const tree = createTreeHasher(sha256);
const NOW = 1_760_000_000_000;

async function keyOf(directory: string): Promise<VerifierKey> {
  const key = parseVerifierKey(await readVerifierKey(directory), sha256);
  assert.ok(key);
  return key;
}

async function witnessOf(context: TestContext, directory: string, state = join(dirname(directory), "witness")) {
  const key = await keyOf(directory);
  const witness = await openWitness({ state, logs: [{ origin: key.name, keys: [key] }], now: () => NOW });
  context.after(() => {
    witness.close();
  });
  return witness;
}

/** The present checkpoint, with a proof from `old` on. */
async function request(directory: string, old: number, size: number): Promise<Uint8Array> {
  const source = diskSource(directory);
  const stored = storedTree(tree, size, async (name) => (await findTile(source, name))?.bytes);
  const proof = old === 0 || old === size ? [] : await proveConsistency(stored, old, size);
  return formatAddCheckpoint({ old, proof, checkpoint: readFileSync(join(directory, "log/checkpoint")) });
}

async function statusOf(witness: Witness, body: Uint8Array): Promise<number> {
  return (await witness.addCheckpoint(body)).status;
}

describe("a witness", () => {
  test("cosigns a log that grows, and what it answers is a cosignature of the whole checkpoint", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const witness = await witnessOf(context, directory);
    const answer = await witness.addCheckpoint(await request(directory, 0, head.size));
    assert.equal(answer.status, 200);
    const checkpoint = parseNote(readFileSync(join(directory, "log/checkpoint")));
    const key = parseWitnessKey(witness.key, sha256);
    assert.ok(checkpoint && key);
    const note = parseNote(Buffer.from(`${checkpoint.text}\n${answer.body}`));
    assert.ok(note);
    assert.deepEqual(await checkCosignature(note, key, verifyEd25519), { timeS: NOW / 1000 });
    const { head: later } = await writeRun(directory, 300);
    assert.equal(await statusOf(witness, await request(directory, head.size, later.size)), 200);
    assert.equal(await statusOf(witness, await request(directory, later.size, later.size)), 200, "the same head again");
    const origin = Buffer.from(sha256(Buffer.from((await keyOf(directory)).name))).toString("hex");
    assert.match(witness.latest(origin) ?? "", new RegExp(`\n${String(later.size)}\n`));
    assert.equal(witness.latest("0".repeat(64)), undefined);
    assert.equal(witness.latest("../lock"), undefined);
  });

  test("says which size it has to whoever begins from another", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const witness = await witnessOf(context, directory);
    assert.equal(await statusOf(witness, await request(directory, 0, head.size)), 200);
    for (const old of [0, 1, head.size - 1]) {
      const { status, type, body } = await witness.addCheckpoint(await request(directory, old, head.size));
      assert.deepEqual([status, type, body], [409, "text/x.tlog.size", `${String(head.size)}\n`]);
    }
  });

  test("does not cosign an older state of the log, whatever it says of itself", async (context) => {
    const directory = temporaryRecord(context);
    const { head: older } = await writeRun(directory, 3);
    const copy = join(dirname(directory), "copy");
    cpSync(directory, copy, { recursive: true });
    const { head } = await writeRun(directory, 3);
    const witness = await witnessOf(context, directory);
    assert.equal(await statusOf(witness, await request(directory, 0, head.size)), 200);
    const back = await witness.addCheckpoint(await request(copy, 0, older.size));
    assert.deepEqual([back.status, back.body], [409, `${String(head.size)}\n`]);
    assert.equal(await statusOf(witness, await request(copy, older.size, older.size)), 409);
  });

  test("does not cosign another history by whoever has the key, and keeps the proof of it", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const fork = join(dirname(directory), "fork");
    cpSync(directory, fork, { recursive: true });
    const { head } = await writeRun(directory, 3);
    const { head: other } = await writeRun(fork, 5);
    const witness = await witnessOf(context, directory);
    assert.equal(await statusOf(witness, await request(directory, 0, head.size)), 200);
    // Its own proof is right for its own tree; the tree is not the one that was cosigned.
    assert.equal(await statusOf(witness, await request(fork, head.size, other.size)), 422);
    const same = await signCheckpoint([await signerOf(fork)], {
      size: head.size,
      root: sha256(Buffer.of(1)),
    });
    const forged = formatAddCheckpoint({ old: head.size, proof: [], checkpoint: same });
    assert.equal(await statusOf(witness, forged), 422, "another root of the same size");
    const kept = readdirSync(join(dirname(directory), "witness/conflicts"));
    assert.equal(kept.length, 2);
    const notes = kept.map((name) => parseNote(readFileSync(join(dirname(directory), "witness/conflicts", name))));
    assert.ok(notes.every((note) => note !== undefined));
    // Negative control: the true log still goes on.
    const { head: later } = await writeRun(directory, 1);
    assert.equal(await statusOf(witness, await request(directory, head.size, later.size)), 200);
  });

  test("refuses what the protocol refuses", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const stranger = join(dirname(directory), "stranger");
    await writeRun(stranger, 1);
    const witness = await witnessOf(context, directory);
    const checkpoint = readFileSync(join(directory, "log/checkpoint"));
    const note = parseNote(checkpoint);
    assert.ok(note);
    const signed = (signature: Uint8Array) =>
      Buffer.from(
        formatNote(
          note.text,
          note.signatures.map((line) => ({ ...line, signature })),
        ),
      );
    const cases: readonly (readonly [string, Uint8Array, number])[] = [
      ["no request", Buffer.from("hello"), 400],
      ["nothing", Buffer.alloc(0), 400],
      ["a size that is none", Buffer.concat([Buffer.from("old 01\n\n"), checkpoint]), 400],
      ["a hash that is none", Buffer.concat([Buffer.from("old 1\nAAAA\n\n"), checkpoint]), 400],
      ["64 hashes", Buffer.concat([Buffer.from(`old 1\n${`${"A".repeat(43)}=\n`.repeat(64)}\n`), checkpoint]), 400],
      ["no checkpoint", Buffer.from("old 0\n\nhello\n"), 400],
      ["an old size beyond the checkpoint", formatAddCheckpoint({ old: head.size + 1, proof: [], checkpoint }), 400],
      ["another log", await request(stranger, 0, 4), 404],
      ["a wrong signature", formatAddCheckpoint({ old: 0, proof: [], checkpoint: signed(Buffer.alloc(64)) }), 403],
      [
        "a signature that is cut",
        formatAddCheckpoint({ old: 0, proof: [], checkpoint: signed(Buffer.alloc(63)) }),
        403,
      ],
      ["a proof where none is needed", formatAddCheckpoint({ old: 0, proof: [Buffer.alloc(32)], checkpoint }), 422],
    ];
    for (const [what, body, status] of cases) assert.equal(await statusOf(witness, body), status, what);
    const empty = await signCheckpoint([await signerOf(directory)], { size: 0, root: Buffer.alloc(32) });
    assert.equal(await statusOf(witness, formatAddCheckpoint({ old: 0, proof: [], checkpoint: empty })), 422);
    // Negative control: nothing of it was remembered.
    assert.equal(await statusOf(witness, await request(directory, 0, head.size)), 200);
  });

  test("takes what it cannot read for damage, never for a log it has not seen", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const witness = await witnessOf(context, directory);
    assert.equal(await statusOf(witness, await request(directory, 0, head.size)), 200);
    const folder = join(dirname(directory), "witness/logs");
    const [name = ""] = readdirSync(folder);
    writeFileSync(join(folder, name), "");
    await assert.rejects(witness.addCheckpoint(await request(directory, 0, head.size)), {
      code: "AUDIT_WITNESS_DAMAGED",
    });
  });

  test("cosigns nothing that it could not keep", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const witness = await witnessOf(context, directory);
    const folder = join(dirname(directory), "witness/logs");
    writeFileSync(folder, "in the way");
    await assert.rejects(witness.addCheckpoint(await request(directory, 0, head.size)));
    rmSync(folder);
    mkdirSync(folder);
    assert.equal(await statusOf(witness, await request(directory, 0, head.size)), 200);
  });

  test("is one witness in several processes: of two heads that exclude each other, one is cosigned", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 1);
    const fork = join(dirname(directory), "fork");
    cpSync(directory, fork, { recursive: true });
    const [{ head }, { head: other }] = [await writeRun(directory, 3), await writeRun(fork, 3)];
    // Two on one state, as two processes have it: each has its own lock and its own queue.
    const both = [await witnessOf(context, directory), await witnessOf(context, directory)];
    const bodies = [await request(directory, 0, head.size), await request(fork, 0, other.size)];
    const statuses = await Promise.all(
      Array.from({ length: 20 }, (_, n) => statusOf(both[n % 2] as Witness, bodies[(n >> 1) % 2] as Uint8Array)),
    );
    assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join(" "));
    assert.equal(statuses.filter((status) => status === 409).length, 19);
  });

  test("keeps its key for itself, and its name", async (context) => {
    const state = join(dirname(temporaryRecord(context)), "witness");
    const open = (name?: string) =>
      openWitness({ state, logs: [], now: () => NOW, ...(name !== undefined && { name }) });
    const first = await open("witness.test/a");
    first.close();
    const again = await open();
    again.close();
    assert.equal(again.key, first.key);
    assert.match(first.key, /^witness\.test\/a\+[0-9a-f]{8}\+B/);
    await assert.rejects(open("witness.test/b"), { code: "AUDIT_KEY_UNUSABLE" });
    const path = join(state, "witness.key");
    const text = readFileSync(path, "latin1");
    writeFileSync(path, text, { mode: 0o600 });
    diskFiles.unlink(path);
    writeFileSync(path, text, { mode: 0o644 });
    await assert.rejects(open(), { code: "AUDIT_KEY_UNUSABLE", message: /its user alone/ });
    diskFiles.unlink(path);
    writeFileSync(path, text.replace("witness.test/a", "witness.test/c"), { mode: 0o600 });
    await assert.rejects(open(), { code: "AUDIT_KEY_UNUSABLE", message: /own id/ });
  });
});

test("the published example of a cosignature has the form that is read here", async () => {
  // https://c2sp.org/tlog-cosignature; it comes without its key.
  const note = parseNote(
    Buffer.from(
      "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n",
    ),
  );
  assert.ok(note);
  const seen: string[] = [];
  const key = { name: "witness.example.com/w1", id: Buffer.from("8d66cf3f", "hex"), publicKey: Buffer.alloc(32) };
  const state = await checkCosignature(note, key, (_key, message) => {
    seen.push(Buffer.from(message).toString("utf8"));
    return true;
  });
  assert.deepEqual(state, { timeS: 1_679_315_147 });
  assert.deepEqual(seen, [`cosignature/v1\ntime 1679315147\n${note.text}`]);
  assert.equal(await checkCosignature(note, { ...key, name: "witness.example.com/w2" }, () => true), "absent");
  assert.equal(await checkCosignature(note, key, () => false), "wrong");
});

test("keys of logs and of witnesses are no substitute for each other", async (context) => {
  const directory = temporaryRecord(context);
  await writeRun(directory, 1);
  const witness = await witnessOf(context, directory);
  assert.equal(parseWitnessKey(await readVerifierKey(directory), sha256), undefined);
  assert.equal(parseVerifierKey(witness.key, sha256), undefined);
  assert.ok(parseWitnessKey(witness.key, sha256));
});
