import assert from "node:assert/strict";
import { test } from "node:test";
import { zipSync } from "fflate";
import { ArchiveWriter, formatManifest, openArchive, parseManifest, sha256Hex } from "./archive.ts";

test("what is written is what is read, with the digests of it", () => {
  const writer = new ArchiveWriter(Date.UTC(2026, 0, 2));
  const file = writer.open("runs/a.ndjson");
  for (const line of ["one\n", "two\n"]) file.write(Buffer.from(line));
  file.close();
  writer.add("empty.txt", new Uint8Array(0));
  const { digests } = writer;
  const files = openArchive(writer.finish());
  assert.deepEqual([...files.keys()], ["runs/a.ndjson", "empty.txt"]);
  assert.equal(Buffer.from(files.get("runs/a.ndjson") ?? []).toString(), "one\ntwo\n");
  for (const [path, bytes] of files) assert.equal(digests.get(path), sha256Hex(bytes));
  assert.deepEqual(parseManifest(formatManifest(digests)), digests);
});

test("manifests that are none", () => {
  const digest = "0".repeat(64);
  for (const text of [
    "x",
    `${digest}  a`,
    `${digest} a\n`,
    `${digest}  ../a\n`,
    `${digest}  /a\n`,
    `${digest}  a\n${digest}  a\n`,
    `${digest}  a\n\n`,
  ]) {
    assert.equal(parseManifest(text), undefined, JSON.stringify(text));
  }
});

test("files that are no archives", () => {
  const archive = zipSync({ a: Buffer.from("text") });
  for (const bytes of [Buffer.alloc(0), Buffer.from("PK"), Buffer.alloc(1_000_000, 1), archive.subarray(0, 40)]) {
    assert.throws(() => openArchive(bytes), { code: "EVIDENCE_NO_ARCHIVE" });
  }
  // Its directory says 3 GB: nothing of it is unpacked.
  const bomb = Buffer.from(archive);
  const directory = bomb.lastIndexOf("PK\u0001\u0002", undefined, "latin1");
  bomb.writeUInt32LE(3_000_000_000, directory + 24);
  assert.throws(() => openArchive(bomb), { code: "EVIDENCE_NO_ARCHIVE", message: /more than/ });
});
