import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { buildGo, skipWithoutGo } from "../../test/go.ts";
import { sha256 } from "../key.ts";
import { parseVerifierKey } from "../note.ts";
import { readVerifierKey } from "../read.ts";
import { cosignHead } from "../witness/cosign.ts";
import { parseWitnessKey } from "../witness/cosignature.ts";
import { serveWitness } from "../witness/serve.privileged.ts";
import { openWitness } from "../witness/witness.ts";
import { proveEntry } from "./prove-entry.ts";

test("Go checks proofs, cosignatures and consistency as they are here", { skip: skipWithoutGo }, async (context) => {
  const directory = temporaryRecord(context);
  const home = dirname(directory);
  const checker = join(home, "checker");
  const built = buildGo(join(import.meta.dirname, "../../test/sumdb-proof/main.go"), checker, home);
  assert.equal(built.status, 0, built.stderr);

  await writeRun(directory, 400);
  const older = join(home, "older");
  writeFileSync(older, readFileSync(join(directory, "log/checkpoint")));
  const key = await readVerifierKey(directory);
  const log = parseVerifierKey(key, sha256);
  assert.ok(log);
  const witness = await openWitness({
    state: join(home, "witness"),
    logs: [{ origin: log.name, keys: [log] }],
    name: "witness.test/w",
    now: Date.now,
  });
  // What is sent is what Go is given: the request is caught on its way.
  const bodies: Buffer[] = [];
  const { addCheckpoint } = witness;
  witness.addCheckpoint = async (body) => {
    bodies.push(Buffer.from(body));
    return await addCheckpoint.call(witness, body);
  };
  const server = await serveWitness(witness, { host: "127.0.0.1", port: 0, onAnswer: () => undefined });
  context.after(async () => {
    await server.close();
  });
  const witnessKey = parseWitnessKey(witness.key, sha256);
  assert.ok(witnessKey);
  const known = { name: "w", url: server.url, key: witnessKey };
  await cosignHead(directory, known, AbortSignal.timeout(10_000));
  const { head } = await writeRun(directory, 7_000);
  await cosignHead(directory, known, AbortSignal.timeout(10_000));

  const request = join(home, "request");
  writeFileSync(request, bodies.at(-1) ?? "");
  const proof = join(home, "proof");
  const check = () => spawnSync(checker, [key, witness.key, proof, request, older], { encoding: "utf8" });
  for (const index of [0, 255, 801, 802, head.size - 1]) {
    writeFileSync(proof, await proveEntry(directory, index));
    const { stdout, stderr } = check();
    assert.equal(stderr, "");
    const size = String(head.size);
    assert.equal(stdout, `entry ${String(index)} of ${size}, 2 signatures, consistent from 802 to ${size}\n`);
  }
  // Negative controls: it is the proofs that convince it.
  const text = readFileSync(proof, "utf8");
  writeFileSync(proof, text.replace(/^index \d+$/m, "index 5"));
  assert.notEqual(check().status, 0);
  writeFileSync(proof, text);
  assert.equal(check().status, 0);
  const lines = readFileSync(request, "utf8").split("\n");
  writeFileSync(request, [lines[0], lines[2], lines[1], ...lines.slice(3)].join("\n"));
  assert.notEqual(check().status, 0);
});
