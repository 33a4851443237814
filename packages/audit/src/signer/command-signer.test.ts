import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { appendNow, newRun, started, temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { AuditError } from "../errors.ts";
import { generateKey } from "../key.ts";
import { openCommandSigner } from "./load-signer.ts";
import { rotateKey, verifyLog } from "../queries.ts";
import { readVerifierKey } from "../read.ts";
import { openRunLog } from "../run-log.ts";
import { parseSignerConfig } from "./config.ts";

const failsWith = (text: RegExp) => (error: unknown) =>
  error instanceof AuditError && error.code === "AUDIT_SIGNER_FAILED" && text.test(error.message);

/** A program that signs with a key of its own, after what `before` does. */
function makeSigner(context: TestContext, before = "", timeout = 20) {
  const directory = temporaryRecord(context);
  const home = dirname(directory);
  const key = generateKey("x");
  const program = join(home, "sign");
  writeFileSync(join(home, "key"), key.text);
  writeFileSync(
    program,
    `#!${process.execPath}
${before}
const { createPrivateKey, sign } = require("node:crypto");
const bytes = Buffer.from(require("node:fs").readFileSync(__dirname + "/key", "latin1").trim().split("+").slice(4).join("+"), "base64");
const d = bytes.subarray(1).toString("base64url");
const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", x: d, d }, format: "jwk" });
process.stdout.write(sign(null, require("node:fs").readFileSync(0), key));
`,
  );
  chmodSync(program, 0o700);
  const publicKey = Buffer.from(key.verifier.publicKey).toString("base64");
  const config = `command = ["${program}"]\npublic-key = "${publicKey}"\ntimeout-seconds = ${String(timeout)}\n`;
  return { directory, program, config };
}

describe("a command that signs", () => {
  test("from the first checkpoint on; there is no key file then", async (context) => {
    const { directory, config } = makeSigner(context);
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, "signer.toml"), config);
    await writeRun(directory, 2);
    await writeRun(directory, 2);
    assert.ok(!existsSync(join(directory, "log.key")));
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });

  test("in the place of a key file, which is removed, and back again", async (context) => {
    const { directory, config } = makeSigner(context);
    await writeRun(directory, 2);
    const verifierKey = await readVerifierKey(directory);
    await rotateKey(directory, { by: "b", at: 1, signer: { path: "new.toml", config: Buffer.from(config) } });
    assert.ok(!existsSync(join(directory, "log.key")) && existsSync(join(directory, "signer.toml")));
    await writeRun(directory, 2);
    await rotateKey(directory, { by: "b", at: 2 });
    assert.ok(existsSync(join(directory, "log.key")) && !existsSync(join(directory, "signer.toml")));
    await writeRun(directory, 2);
    const found = await verifyLog(directory, { verifierKey });
    assert.deepEqual([found.problems, found.rotations], [[], 2]);
  });

  const broken: [string, string, RegExp][] = [
    ["fails", "console.error('no token'); process.exit(3);", /ended with 3: no token/],
    ["hangs", "setInterval(() => 0, 1000); return;", /did not answer within 1 s/],
    ["hangs with what it started", "require('node:child_process').execSync('sleep 600');", /did not answer within 1 s/],
    ["answers too little", "process.stdout.write('x'); return;", /answered 1 bytes instead of 64/],
    ["answers without end", "for (;;) require('node:fs').writeSync(1, 'x'.repeat(4096));", /ended with SIGKILL/],
    ["answers wrongly", "process.stdout.write(Buffer.alloc(64)); return;", /is not by the key/],
  ];
  for (const [what, before, message] of broken) {
    test(`that ${what} signs nothing, and nothing is lost`, async (context) => {
      const { directory, program, config } = makeSigner(context, "", 1);
      const good = readFileSync(program);
      const { program: bad } = makeSigner(context, before);
      const signer = await openCommandSigner(Buffer.from(config), "signer.toml", "x");
      assert.equal((await signer.sign(Buffer.from("message"))).length, 64);
      mkdirSync(directory, { mode: 0o700 });
      writeFileSync(join(directory, "signer.toml"), config.replace("seconds = 1", "seconds = 1"));
      const log = await openRunLog({ directory, run: newRun() });
      const checkpoint = readFileSync(join(directory, "log/checkpoint"));
      writeFileSync(program, readFileSync(bad));
      await assert.rejects(appendNow(log, started(log.follows)), failsWith(message));
      assert.deepEqual(readFileSync(join(directory, "log/checkpoint")), checkpoint);
      writeFileSync(program, good);
      await log.retry();
      assert.equal((await log.close()).size, 1);
      assert.deepEqual((await verifyLog(directory)).problems, []);
    });
  }

  test("is described without doubt, or not at all", () => {
    const key = Buffer.alloc(32, 1).toString("base64");
    for (const [text, why] of [
      ["command = [", /is not TOML/],
      [`command = ["sign"]\npublic-key = "${key}"`, /absolute path/],
      [`command = []\npublic-key = "${key}"`, /absolute path/],
      [`command = "/bin/sign -k"\npublic-key = "${key}"`, /list of strings/],
      [`command = ["/bin/sign"]`, /`public-key` is missing/],
      [`command = ["/bin/sign"]\npublic-key = "AAAA"`, /no Ed25519 key/],
      [`command = ["/bin/sign"]\npublic-key = "${key}"\ntimeout-seconds = 0`, /from 1 to 60/],
      [`command = ["/bin/sign"]\npublic-key = "${key}"\ntimeout = 5`, /unknown key `timeout`/],
    ] as const) {
      assert.throws(() => parseSignerConfig(text, "signer.toml"), why, text);
    }
    const { publicKey, timeoutMs } = parseSignerConfig(`command = ["/bin/sign"]\npublic-key = "${key}"`, "signer.toml");
    assert.deepEqual([publicKey.length, timeoutMs], [32, 5_000]);
  });
});

const MODULE = "/usr/lib/softhsm/libsofthsm2.so";
const hasTools = existsSync(MODULE) && spawnSync("pkcs11-tool", ["--version"]).error === undefined;
const skip = hasTools ? false : "SoftHSM is not installed: apt-get install softhsm2 opensc";

test("a PKCS#11 token signs the log, by pkcs11-tool", { skip }, async (context) => {
  const directory = temporaryRecord(context);
  const home = dirname(directory);
  mkdirSync(join(home, "tokens"));
  writeFileSync(join(home, "softhsm2.conf"), `directories.tokendir = ${join(home, "tokens")}\n`);
  const environment = { PATH: process.env["PATH"], SOFTHSM2_CONF: join(home, "softhsm2.conf") };
  const run = (program: string, ...args: string[]): string => {
    const result = spawnSync(program, args, { encoding: "utf8", env: environment });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  };
  run("softhsm2-util", "--init-token", "--free", "--label", "log", "--so-pin", "1234", "--pin", "1234");
  const token = ["--module", MODULE, "--token-label", "log", "--login", "--pin", "1234"];
  run("pkcs11-tool", ...token, "--keypairgen", "--key-type", "EC:edwards25519", "--label", "log", "--id", "01");
  const pem = join(home, "public.pem");
  run("pkcs11-tool", ...token, "--read-object", "--type", "pubkey", "--id", "01", "--output-file", pem);
  const sign = ["--sign", "--mechanism", "EDDSA", "--id", "01"];
  const command = ["/usr/bin/env", `SOFTHSM2_CONF=${environment.SOFTHSM2_CONF}`, "pkcs11-tool", ...token, ...sign];
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(
    join(directory, "signer.toml"),
    `command = ${JSON.stringify(command)}\npublic-key = """\n${readFileSync(pem, "utf8")}"""\ntimeout-seconds = 20\n`,
  );
  await writeRun(directory, 2);
  assert.deepEqual((await verifyLog(directory)).problems, []);
  assert.ok(!existsSync(join(directory, "log.key")));
});
