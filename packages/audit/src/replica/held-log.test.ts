import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { generateKey, sha256, type NewKey } from "../key.ts";
import { CompactRange, createTreeHasher } from "../merkle.ts";
import { signCheckpoint } from "../signed-head.ts";
import { checkAhead, continueLog, emptyHeldLog, type Continuation } from "./held-log.ts";

const key = generateKey("bailiwick/laptop");
/** Of the same name: what a log's key was replaced by, or somebody else's. */
const other = generateKey("bailiwick/laptop");
const tree = createTreeHasher(sha256);
const ENTRY = Buffer.from("entry");

async function signedBy(signer: NewKey): Promise<Continuation> {
  const range = new CompactRange(tree);
  range.append(tree.leaf(ENTRY));
  const checkpoint = await signCheckpoint([signer], { size: 1, root: range.root() });
  return { from: 0, entries: [ENTRY], checkpoint, proof: [] };
}

describe("a checkpoint whose signature was checked ahead", () => {
  const held = emptyHeldLog(key.verifier);

  test("is one that the key signed", async () => {
    const { checkpoint } = await signedBy(key);
    assert.deepEqual(await checkAhead(checkpoint, key.verifier), { checkpoint, key: key.verifier });
    assert.equal(await checkAhead(checkpoint, other.verifier), undefined);
    assert.equal(await checkAhead(Buffer.from("no note"), key.verifier), undefined);
  });

  test("is not checked again", async () => {
    const given = await signedBy(key);
    const continued = await continueLog(held, given, await checkAhead(given.checkpoint, key.verifier));
    assert.ok("held" in continued);
    assert.equal(continued.held.size, 1);
    // Whoever says that it was checked is believed, so that a test can see that it is not checked again.
    const forged = await signedBy(other);
    assert.ok("held" in (await continueLog(held, forged, { checkpoint: forged.checkpoint, key: key.verifier })));
  });

  test("says nothing of other bytes, nor of a log that has another key by now", async () => {
    const forged = await signedBy(other);
    const refused = { fault: "signature" };
    assert.deepEqual(await continueLog(held, forged), refused);
    const { checkpoint } = await signedBy(key);
    assert.deepEqual(await continueLog(held, forged, { checkpoint, key: key.verifier }), refused);
    const ahead = await checkAhead(forged.checkpoint, other.verifier);
    assert.ok(ahead);
    assert.deepEqual(await continueLog(held, forged, ahead), refused);
    assert.ok("held" in (await continueLog(emptyHeldLog(other.verifier), forged, ahead)));
  });
});
