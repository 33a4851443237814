import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseCheckpoint, formatCheckpoint } from "./checkpoint.ts";
import { sha256, verifyEd25519 } from "./key.ts";
import { formatNote, formatVerifierKey, isSignedBy, parseNote, parseVerifierKey } from "./note.ts";

// The key and the note of Go's documentation of golang.org/x/mod/sumdb/note.
const KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

const verifier = parseVerifierKey(KEY, sha256);
assert.ok(verifier);
const isGood = async (text: string): Promise<boolean> => {
  const note = parseNote(Buffer.from(text));
  return note !== undefined && (await isSignedBy(note, verifier, verifyEd25519));
};

describe("signed notes", () => {
  test("a known note is signed by its known key", async () => {
    assert.ok(await isGood(`${TEXT}\n${SIGNATURE}`));
    assert.equal(formatVerifierKey(verifier), KEY);
  });

  test("what is parsed is written again byte for byte", () => {
    const note = parseNote(Buffer.from(`${TEXT}\n${SIGNATURE}`));
    assert.ok(note);
    assert.equal(formatNote(note.text, note.signatures), `${TEXT}\n${SIGNATURE}`);
  });

  test("signatures of others stand beside it", async () => {
    const other =
      "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
    assert.ok(await isGood(`${TEXT}\n${other}${SIGNATURE}`));
    assert.ok(!(await isGood(`${TEXT}\n${other}`)));
  });

  const spoilt: [string, string][] = [
    ["another text", `${TEXT.replace("answer", "anwser")}\n${SIGNATURE}`],
    ["another name", `${TEXT}\n${SIGNATURE.replace("PeterNeumann", "PeterNewman")}`],
    ["another signature", `${TEXT}\n${SIGNATURE.replace("x08go/ZJ", "x08go/ZK")}`],
    ["a key id that is another's", `${TEXT}\n${SIGNATURE.replace("x08go", "x08gp")}`],
    ["a short signature", `${TEXT}\n— PeterNeumann x08go/ZJ\n`],
    ["no signature", `${TEXT}\n`],
    ["no empty line", `${TEXT}${SIGNATURE}`],
    ["a control character", `a\tb\n\n${SIGNATURE}`],
    ["a signature line of another form", `${TEXT}\n- PeterNeumann x08go/ZJ\n`],
    ["no newline at the end", `${TEXT}\n${SIGNATURE.trimEnd()}`],
    ["nothing", ""],
  ];
  for (const [name, text] of spoilt) test(`refused: ${name}`, async () => assert.ok(!(await isGood(text))));

  test("bytes that are not UTF-8 are no note", () => {
    assert.equal(parseNote(Buffer.concat([Buffer.of(0xff), Buffer.from(`${TEXT}\n${SIGNATURE}`)])), undefined);
  });

  test("anything at all is parsed or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "binary" }), (bytes, text) => {
        parseNote(bytes);
        parseNote(Buffer.from(`${text}\n\n— a ${text}\n`));
        parseCheckpoint(text);
        parseVerifierKey(text, sha256);
      }),
    );
  });

  for (const key of [
    "",
    "PeterNeumann",
    KEY.replace("c74f20a3", "c74f20a4"),
    KEY.slice(0, -4),
    KEY.replace("+ARpc", "+BRpc"),
  ]) {
    test(`refused as a key: ${key}`, () => assert.equal(parseVerifierKey(key, sha256), undefined));
  }
});

describe("checkpoints", () => {
  const root = sha256(new Uint8Array(0));
  const text = formatCheckpoint({ origin: "bailiwick/host-1", size: 42, root });

  test("written and read", () => {
    assert.equal(text, "bailiwick/host-1\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    const again = parseCheckpoint(text);
    assert.deepEqual([again?.origin, again?.size, Buffer.from(again?.root ?? [])], ["bailiwick/host-1", 42, root]);
  });

  test("extension lines are ignored", () => {
    assert.equal(parseCheckpoint(`${text}extension\n`)?.size, 42);
  });

  for (const [name, bad] of [
    ["no newline", text.trimEnd()],
    ["no origin", text.replace("bailiwick/host-1", "")],
    ["leading zero", text.replace("42", "042")],
    ["negative", text.replace("42", "-1")],
    ["too large", text.replace("42", "9007199254740993")],
    ["short root", text.replace("47DEQpj8", "")],
    ["another spelling of the root", text.replace("uFU=", "uFV=")],
    ["an empty line", `${text}\n`],
  ] as const) {
    test(`refused: ${name}`, () => assert.equal(parseCheckpoint(bad), undefined));
  }
});
