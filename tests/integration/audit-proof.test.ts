/** Proofs through the shipped command, and the verifiers that go out to others: one file, one page. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { bailiwick, makePlace, readEvents, runGoverned } from "../support/governed.ts";
import { logKey, startWitness } from "../support/witness.ts";

const dist = fileURLToPath(new URL("../../packages/cli/dist/", import.meta.url));
const place = makePlace();
const proof = join(place.root, "run.tlog-proof");
const damaged = join(place.root, "damaged.tlog-proof");
let key = "";
let witnessKey = "";
let strangerKey = "";
let run = "";

before(async () => {
  await runGoverned(place, { argv: ["true"] });
  key = await logKey(place);
  const witness = await startWitness(place, "w", { logs: [key] });
  await bailiwick(place, ["audit", "witness", "add", "w", witness.url, witness.key]);
  witnessKey = witness.key;
  const { events } = await runGoverned(place, {
    argv: ["sh", "-c", "exit 3"],
    profile: '[record]\nwitnesses = ["w"]\nrequire = "start"\n',
  });
  run = events[0]?.run ?? "";
  await witness.stop();
  const stranger = makePlace();
  await runGoverned(stranger, { argv: ["true"] });
  strangerKey = await logKey(stranger);
  stranger.remove();
  const { status, stderr } = await bailiwick(place, ["audit", "prove", "last", "--out", proof]);
  assert.equal(status, 0, stderr);
  const text = readFileSync(proof, "utf8");
  writeFileSync(
    damaged,
    text.replace(/^index (\d+)$/m, (_line, index: string) => `index ${String(Number(index) - 1)}`),
  );
});
after(() => {
  place.remove();
});

describe("bailiwick audit", () => {
  test("says where the log is and what checks it", async () => {
    const { path } = JSON.parse((await bailiwick(place, ["audit", "path", "--json"])).stdout) as { path: string };
    assert.match(readFileSync(join(path, "checkpoint"), "utf8"), new RegExp(`^${key.split("+")[0] ?? ""}\n`));
    assert.equal((await bailiwick(place, ["audit", "path"])).stdout, `${path}\n`);
    assert.deepEqual(JSON.parse((await bailiwick(place, ["audit", "key", "--json"])).stdout), {
      key,
      origin: key.split("+")[0],
    });
  });

  test("proves a run's last entry by its name, and any entry by its index", async () => {
    const { status, stdout } = await bailiwick(place, ["audit", "check", proof, "--witness", witnessKey, "--json"]);
    assert.equal(status, 0, stdout);
    const report = JSON.parse(stdout) as { event: { type: string; run: string }; entry: string };
    assert.deepEqual([report.event.type, report.event.run], ["run.ended", run]);
    assert.equal((JSON.parse(report.entry) as { status: number }).status, 3);
    const events = await readEvents(place, run);
    assert.deepEqual(JSON.parse(report.entry), events.at(-1));
    const first = await bailiwick(place, ["audit", "prove", "0"]);
    const piped = await bailiwick(place, ["audit", "check", "-", "--key", key], { input: first.stdout });
    assert.equal(piped.status, 0, piped.stderr);
    assert.match(piped.stdout, /^proven: entry 0 of \d+\n {2}event +run\.started of run/);
  });

  test("refuses with 1 what is not proven, and says why", async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[damaged], /^NOT PROVEN: entry \d+ of \d+\n {2}inclusion +the entry is not what the log has at this index\n$/],
      [[proof, "--key", strangerKey], /signature +the proof is of another log than the key/],
      [[proof, "--key", witnessKey], /key +the key of the log is not a verifier key/],
      [[proof, "--witness", key], /key +a witness's key is not one/],
      [[join(dist, "main.cjs")], /malformed +the file is not a proof/],
      [["/dev/zero"], /malformed +the file is not a proof: it is longer than/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await bailiwick(place, ["audit", "check", ...args]);
      assert.equal(status, 1, `${args.join(" ")}: ${stderr}`);
      assert.match(stdout, message);
    }
  });

  test("fails with 125 where it cannot look", async () => {
    for (const [args, message] of [
      [["check", "nowhere"], /cannot read `nowhere`: ENOENT/],
      [["check", place.root], /cannot read `.*`: EISDIR/],
      [["check", proof, "--key", "nowhere"], /cannot read `nowhere`/],
      [["check", proof, "--quorum", "1"], /`--quorum 1` is not a number from 0 to 0/],
      [["prove", "1000000"], /the record has no entry 1000000/],
      [["prove", "nobody"], /there is no run `nobody`/],
      [["prove", "0", "--out", "/nowhere/x"], /cannot write `\/nowhere\/x`: ENOENT/],
    ] as const) {
      const { status, stderr } = await bailiwick(place, ["audit", ...args]);
      assert.equal(status, 125, args.join(" "));
      assert.match(stderr, message);
    }
  });
});

describe("the verifier of one file", () => {
  const verify = (...args: string[]) =>
    spawnSync(process.execPath, [join(dist, "bailiwick-verify.mjs"), ...args], { encoding: "utf8", cwd: place.root });

  test("agrees with the command", async () => {
    for (const args of [
      [proof, key],
      [damaged, key],
      [proof, strangerKey],
      [proof, key, "--witness", witnessKey],
    ]) {
      const alone = verify(...args, "--json");
      const [file = "", vkey = "", ...rest] = args;
      const { status, stdout } = await bailiwick(place, ["audit", "check", file, "--key", vkey, ...rest, "--json"]);
      assert.equal(alone.status, status, alone.stderr);
      assert.deepEqual(JSON.parse(alone.stdout), JSON.parse(stdout));
    }
    assert.match(verify(proof, key).stdout, /^proven: entry/);
    assert.equal(verify(proof, key, "--witness", witnessKey, "--quorum", "2").status, 1);
    assert.equal(verify(proof, key, "--quorum", "x").status, 1);
  });

  test("needs nothing but Node, and says how it is used", () => {
    const code = readFileSync(join(dist, "bailiwick-verify.mjs"), "utf8");
    const imported = [...code.matchAll(/^import .* from "([^"]+)";/gm)].map(([, name]) => name);
    assert.deepEqual(imported.sort(), ["node:crypto", "node:fs", "node:util"]);
    assert.doesNotMatch(code, /\b(?:import|require)\(/);
    assert.equal(verify().status, 125);
    assert.equal(verify("nowhere", key).status, 125);
    assert.match(verify("--help").stderr, /PROOF VKEY/);
  });
});

describe("the page", { skip: skipWithoutChromium }, () => {
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const address = pathToFileURL(join(dist, "bailiwick-verify.html")).href;

  before(async () => {
    browser = await startChromium();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => requests.push(`error: ${error.message}`));
    await page.goto(address);
  });
  after(async () => {
    await browser.close();
  });

  async function verdict(kind: "proven" | "refused"): Promise<string> {
    const result = page.locator(`#result.${kind}:not([hidden])`);
    await result.waitFor();
    return await result.innerText();
  }

  test("says what a proof proves, and what it does not", async () => {
    await page.setInputFiles("#proof-file", proof);
    await page.fill("#key", key);
    const alone = await verdict("proven");
    assert.match(alone, /Proven: entry \d+ of \d+/i);
    assert.match(alone, new RegExp(`run\\.ended of run ${run}`));
    assert.match(alone, /No witness that you named vouches for it/);
    await page.click("summary");
    await page.fill("#witnesses", witnessKey);
    await page.getByText("One witness that you named saw the log").waitFor();
    assert.match(await page.locator("#entry").innerText(), /"status": 3/);
  });

  test("refuses what the command refuses", async () => {
    await page.fill("#key", strangerKey);
    assert.match(await verdict("refused"), /the proof is of another log than the key/);
    await page.fill("#key", key);
    await verdict("proven");
    await page.setInputFiles("#proof-file", damaged);
    assert.match(await verdict("refused"), /the entry is not what the log has at this index/);
    await page.fill("#proof", "hello");
    assert.match(await verdict("refused"), /the file is not a proof/);
  });

  test("takes what is dropped on it, proof and key", async () => {
    await page.goto(address);
    // As text: it runs in the page, whose globals are none of this program's.
    await page.evaluate(`(() => {
      const dataTransfer = new DataTransfer();
      for (const text of ${JSON.stringify([readFileSync(proof, "utf8"), `${key}\n`])}) dataTransfer.items.add(new File([text], "x"));
      document.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
    })()`);
    assert.match(await verdict("proven"), /run\.ended/);
  });

  test("shows what is in an entry as text, whatever it says", async () => {
    await page.goto(address);
    await page.fill("#key", key);
    await page.fill(
      "#proof",
      `c2sp.org/tlog-proof@v1\nindex 0\n\n<img src=x onerror=alert(1)>\n1\n${"A".repeat(43)}=\n\n— <b>x</b> AAAAAAAA\n`,
    );
    await verdict("refused");
    assert.equal(await page.locator("#result img, #result b").count(), 0);
  });

  test("sends nothing, and nothing in it could", async () => {
    assert.deepEqual([...new Set(requests)], [address]);
    // Even code that were to run in the page is held back by its own policy.
    const refused = await page.evaluate(`new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
      fetch("http://127.0.0.1:9/").then(() => resolve("sent"), () => undefined);
    })`);
    assert.equal(refused, "connect-src");
    const policy = await page.locator("meta[http-equiv]").getAttribute("content");
    assert.equal(
      await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth"),
      "832px",
      "its style holds",
    );
    assert.match(policy ?? "", /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
  });
});
