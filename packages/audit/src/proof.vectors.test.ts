import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { sha256 } from "./key.ts";
import { createTreeHasher } from "./merkle.ts";
import { isConsistent, isIncluded } from "./proof.ts";

const tree = createTreeHasher(sha256);

function read<T>(name: string): readonly T[] {
  const path = join(import.meta.dirname, "../../../tests/vectors/rfc6962", name);
  return JSON.parse(readFileSync(path, "utf8")) as T[];
}

function bytes(text: string | null): Uint8Array {
  return Buffer.from(text ?? "", "base64");
}

interface Inclusion {
  readonly name: string;
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

interface Consistency {
  readonly name: string;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

// The source of the vectors stands beside them.
describe("published proofs", () => {
  const inclusion = read<Inclusion>("inclusion.json");
  const consistency = read<Consistency>("consistency.json");

  test("of inclusion", () => {
    for (const { name, leafIdx, treeSize, root, leafHash, proof, wantErr } of inclusion) {
      const claim = { index: leafIdx, size: treeSize, leaf: bytes(leafHash), root: bytes(root) };
      assert.equal(isIncluded(tree, claim, (proof ?? []).map(bytes)), !wantErr, name);
    }
    assert.ok(inclusion.some(({ wantErr }) => !wantErr) && inclusion.length > 90);
  });

  test("of consistency", () => {
    // From the empty tree on there is nothing to prove; RFC 6962 has no proof of that, and the witness knows it by itself.
    const isHash = (text: string): boolean => bytes(text).length === 32;
    // One vector has texts for hashes and wants them compared as such; here nothing but hashes is compared.
    const proofs = consistency.filter(({ size1, root1, wantErr }) => size1 > 0 && (wantErr || isHash(root1)));
    for (const { name, size1, size2, root1, root2, proof, wantErr } of proofs) {
      const claim = { older: size1, olderRoot: bytes(root1), newer: size2, newerRoot: bytes(root2) };
      assert.equal(isConsistent(tree, claim, (proof ?? []).map(bytes)), !wantErr, name);
    }
    assert.ok(proofs.some(({ wantErr }) => !wantErr) && proofs.length > 80);
  });
});
