import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import fc from "fast-check";
import { temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { diskSource } from "../source-disk.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { formatNote, formatVerifierKey, isSignedBy, keyId, parseNote, parseVerifierKey } from "../note.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { readVerifierKey } from "../read.ts";
import { keepCosigned } from "../witness/cosigned-heads.ts";
import { parseWitnessKey } from "../witness/cosignature.ts";
import { openWitness } from "../witness/witness.ts";
import { formatAddCheckpoint } from "../witness/add-checkpoint.ts";
import { checkProof, type ProofProblemKind, type ProofTrust } from "./check-proof.ts";
import { decodeAttachment, encodeAttachment } from "./attachment.ts";
import { proveEntry } from "./prove-entry.ts";
import { formatTlogProof, parseTlogProof, type TlogProof } from "./tlog-proof.ts";

const primitives = { sha256, verifyEd25519 };

async function kinds(proof: Uint8Array, trust: ProofTrust): Promise<ProofProblemKind[]> {
  const { ok, problems } = await checkProof(proof, trust, primitives);
  assert.equal(ok, problems.length === 0);
  return problems.map(({ kind }) => kind);
}

function parsed(bytes: Uint8Array): TlogProof {
  const proof = parseTlogProof(bytes);
  assert.ok(!("malformed" in proof));
  return proof;
}

async function trustIn(directory: string): Promise<ProofTrust> {
  return { logKey: await readVerifierKey(directory), witnesses: [], quorum: 0 };
}

/** A witness that has cosigned the present head, and its key. */
async function cosign(context: TestContext, directory: string, name: string): Promise<string> {
  const log = parseVerifierKey(await readVerifierKey(directory), sha256);
  assert.ok(log);
  const state = join(dirname(directory), name);
  const witness = await openWitness({
    state,
    logs: [{ origin: log.name, keys: [log] }],
    name,
    now: () => 1_760_000_000_000,
  });
  context.after(() => {
    witness.close();
  });
  const checkpoint = readFileSync(join(directory, "log/checkpoint"));
  const { status, body } = await witness.addCheckpoint(formatAddCheckpoint({ old: 0, proof: [], checkpoint }));
  assert.equal(status, 200);
  const plain = parseNote(checkpoint);
  const note = plain && parseNote(Buffer.from(formatNote(plain.text, plain.signatures) + body));
  const head = note && parseCheckpoint(note.text);
  const key = parseWitnessKey(witness.key, sha256);
  assert.ok(note && head && key);
  await keepCosigned(directory, diskSource(directory), key, { note, checkpoint: head });
  return witness.key;
}

describe("a proof file", () => {
  test("proves the personal members with the entry, unless they are left out or gone", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const trust = await trustIn(directory);
    const proof = await proveEntry(directory, 0);
    const whole = await checkProof(proof, trust, primitives);
    assert.deepEqual(whole.problems, []);
    assert.ok(typeof whole.personal === "object");
    assert.match(whole.personal.json, /"user":/);
    assert.doesNotMatch(whole.entry ?? "", /"user":/);
    const open = await checkProof(await proveEntry(directory, 0, { publicOnly: true }), trust, primitives);
    assert.deepEqual([open.ok, open.personal], [true, "absent"]);

    const { index, path, checkpoint, extra } = parsed(proof);
    const attachment = extra && decodeAttachment(extra);
    assert.ok(attachment?.committed);
    for (const at of [0, 40]) {
      const forged = Uint8Array.from(attachment.committed);
      forged[at] = (forged[at] ?? 0) ^ 1;
      const other: TlogProof = {
        index,
        path,
        checkpoint,
        extra: encodeAttachment({ ...attachment, committed: forged }),
      };
      assert.deepEqual(await kinds(formatTlogProof(other), trust), ["personal"]);
    }
  });

  test("proves each entry of a log, and says what it is", async (context) => {
    const directory = temporaryRecord(context);
    const { run, head } = await writeRun(directory, 300);
    const trust = await trustIn(directory);
    for (const index of [0, 1, 255, 256, 257, head.size - 1]) {
      const report = await checkProof(await proveEntry(directory, index), trust, primitives);
      assert.deepEqual(report.problems, []);
      assert.equal(report.index, index);
      assert.deepEqual(report.head, head);
      assert.equal(report.event?.run, run);
    }
    const last = await checkProof(await proveEntry(directory, head.size - 1), trust, primitives);
    assert.equal(last.event?.type, "run.ended");
    await assert.rejects(proveEntry(directory, head.size), { code: "AUDIT_NO_SUCH_ENTRY" });
    await assert.rejects(proveEntry(directory, -1), { code: "AUDIT_NO_SUCH_ENTRY" });
  });

  test("of a log that has grown, or lost something, is of what was signed or is none", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 2);
    const bundle = join(directory, "log/tile/entries/000.p/6");
    const bytes = readFileSync(bundle);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(bundle, bytes);
    await assert.rejects(proveEntry(directory, 0), { code: "AUDIT_LOG_DAMAGED" });
    await proveEntry(directory, 1);
    rmSync(join(directory, "log/tile/0"), { recursive: true });
    await assert.rejects(proveEntry(directory, 1), { code: "AUDIT_LOG_DAMAGED" });
  });

  test("carries the cosignatures that there are, each of which counts once", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 5);
    const a = await cosign(context, directory, "witness.test-a");
    const b = await cosign(context, directory, "witness.test-b");
    await writeRun(directory, 5);
    const trust = await trustIn(directory);
    const covered = await proveEntry(directory, 3);
    const report = await checkProof(covered, { ...trust, witnesses: [a, b], quorum: 2 }, primitives);
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.witnessed.map(({ name }) => name).sort(), ["witness.test-a", "witness.test-b"]);
    assert.equal(report.head?.size, 12, "the head that was cosigned, not the newest");
    // Negative controls.
    assert.deepEqual(await kinds(covered, { ...trust, witnesses: [a, a], quorum: 2 }), ["quorum"]);
    assert.deepEqual(await kinds(covered, { ...trust, witnesses: [a], quorum: 2 }), ["quorum"]);
    const beyond = await proveEntry(directory, 13);
    assert.deepEqual(await kinds(beyond, trust), []);
    assert.deepEqual(await kinds(beyond, { ...trust, witnesses: [a], quorum: 1 }), ["quorum"]);
    const { checkpoint, ...rest } = parsed(covered);
    const note = parseNote(checkpoint);
    assert.ok(note);
    const signatures = note.signatures.map((line) =>
      line.name === "witness.test-a" ? { ...line, signature: line.signature.toReversed() } : line,
    );
    const forged = formatTlogProof({ ...rest, checkpoint: Buffer.from(formatNote(note.text, signatures)) });
    assert.deepEqual(await kinds(forged, { ...trust, witnesses: [a], quorum: 0 }), ["cosignature"]);
    assert.deepEqual(await kinds(forged, trust), [], "of a witness that is not trusted nothing is believed");
  });
});

describe("a proof is refused", () => {
  test("with the name of what is wrong", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 40);
    const other = join(dirname(directory), "other");
    await writeRun(other, 40);
    const [trust, otherTrust] = [await trustIn(directory), await trustIn(other)];
    const bytes = await proveEntry(directory, 5);
    const proof = parsed(bytes);
    const neighbour = parsed(await proveEntry(directory, 6));
    const key = parseVerifierKey(trust.logKey, sha256);
    assert.ok(key);
    const again = (change: Partial<TlogProof>) => formatTlogProof({ ...proof, ...change });
    const text = Buffer.from(bytes).toString("latin1");
    const cases: readonly (readonly [string, Uint8Array, ProofTrust, readonly ProofProblemKind[]])[] = [
      ["nothing is wrong", bytes, trust, []],
      ["of another log", await proveEntry(other, 5), trust, ["signature"]],
      ["with the key of another log", bytes, otherTrust, ["signature"]],
      ["with no key", bytes, { ...trust, logKey: "hello" }, ["key"]],
      [
        "with another key under the log's name",
        bytes,
        { ...trust, logKey: renamed(otherTrust.logKey, key.name) },
        ["signature"],
      ],
      ["with a log's key for a witness's", bytes, { ...trust, witnesses: [trust.logKey], quorum: 0 }, ["key"]],
      ["with another entry", again({ extra: neighbour.extra }), trust, ["inclusion"]],
      ["at another index", again({ index: 6 }), trust, ["inclusion"]],
      ["beyond the tree", again({ index: 1_000_000 }), trust, ["inclusion"]],
      ["with a path that is too short", again({ path: proof.path.slice(1) }), trust, ["inclusion"]],
      ["with a path that is too long", again({ path: [...proof.path, Buffer.alloc(32)] }), trust, ["inclusion"]],
      ["without its entry", again({ extra: undefined }), trust, ["malformed"]],
      ["with extra data of another kind", again({ extra: Buffer.from("{}") }), trust, ["malformed"]],
      ["with extra data that says more", again({ extra: withMember(proof.extra) }), trust, ["malformed"]],
      ["of 10 MB", Buffer.alloc(10_000_000, bytes), trust, ["malformed"]],
      [
        "of 10 MB of entry",
        again({ extra: encodeAttachment({ entry: Buffer.alloc(10_000_000), committed: undefined }) }),
        trust,
        ["malformed"],
      ],
      ["empty", Buffer.alloc(0), trust, ["malformed"]],
      ["without a checkpoint", Buffer.from(text.slice(0, text.indexOf("\n\n") + 2), "latin1"), trust, ["malformed"]],
      ["with another header", Buffer.from(text.replace("@v1", "@v2"), "latin1"), trust, ["malformed"]],
      ["with a leading zero", Buffer.from(text.replace("index 5", "index 05"), "latin1"), trust, ["malformed"]],
      ["with carriage returns", Buffer.from(text.replaceAll("\n", "\r\n"), "latin1"), trust, ["malformed"]],
      ["with 64 hashes", again({ path: Array.from({ length: 64 }, () => Buffer.alloc(32)) }), trust, ["malformed"]],
    ];
    for (const [what, file, whom, expected] of cases) assert.deepEqual(await kinds(file, whom), expected, what);
  });

  test("whichever bit of it is changed", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 20);
    const trust = await trustIn(directory);
    const bytes = await proveEntry(directory, 7);
    const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 7 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, bit]) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        assert.notDeepEqual(await kinds(damaged, trust), [], `byte ${String(at)}, bit ${String(bit)}`);
      }),
      { numRuns: 1_500 },
    );
  });

  test("however it is cut, mixed or made up, without an exception", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 20);
    const trust = await trustIn(directory);
    const bytes = await proveEntry(directory, 7);
    const lines = Buffer.from(bytes).toString("utf8").split("\n");
    const noise = fc.oneof(
      fc.nat({ max: bytes.length - 1 }).map((end) => Buffer.from(bytes.subarray(0, end))),
      fc.uint8Array({ maxLength: 500 }).map((some) => Buffer.from(some)),
      fc
        .array(fc.constantFrom(...lines, "", "extra AAAA", "index 0"), { maxLength: 30 })
        .map((some) => Buffer.from(some.join("\n"))),
    );
    await fc.assert(
      fc.asyncProperty(noise, async (file) => {
        if (file.equals(bytes)) return;
        assert.notDeepEqual(await kinds(file, trust), []);
      }),
    );
  });
});

test("what is written is what is read", () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const proof = fc.record({
    index: fc.nat(),
    path: fc.array(hash, { maxLength: 63 }),
    checkpoint: fc.uint8Array({ maxLength: 300 }),
    extra: fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(proof, (given) => {
      const read = parsed(formatTlogProof(given));
      const plain = ({ index, path, checkpoint, extra }: TlogProof) =>
        JSON.stringify([index, path.map((each) => [...each]), [...checkpoint], extra && [...extra]]);
      assert.equal(plain(read), plain(given));
    }),
  );
});

test("the published signed note verifies", async () => {
  // https://c2sp.org/signed-note, section "Example"
  const key = parseVerifierKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", sha256);
  const note = parseNote(
    Buffer.from(
      "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
    ),
  );
  assert.ok(key && note);
  assert.equal(await isSignedBy(note, key, verifyEd25519), true);
});

/** The key of another log as if it were this one's. */
function renamed(text: string, name: string): string {
  const other = parseVerifierKey(text, sha256);
  assert.ok(other);
  return formatVerifierKey({ name, id: keyId(sha256, name, other.publicKey), publicKey: other.publicKey });
}

function withMember(extra: Uint8Array | undefined): Uint8Array {
  return Buffer.from(
    Buffer.from(extra ?? [])
      .toString("utf8")
      .replace("{", '{"note":"look here",'),
  );
}
