/** `bailiwick evidence`, through the shipped command: what is in an archive, that it holds, and that no change to it does. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unzipSync, zipSync } from "fflate";
import { bailiwick, makePlace, runGoverned } from "../support/governed.ts";

const place = makePlace();
const archive = join(place.root, "e.zip");
let files: Record<string, Uint8Array> = {};
let key = "";

async function check(
  path: string,
  ...more: string[]
): Promise<{ status: number | null; problems: string[]; stderr: string }> {
  const { status, stdout, stderr } = await bailiwick(place, ["evidence", "check", path, "--json", ...more]);
  const found: { problems: { path: string; detail: string }[] } = stdout === "" ? { problems: [] } : JSON.parse(stdout);
  return { status, stderr, problems: found.problems.map(({ path: file, detail }) => `${file} ${detail}`) };
}

function textOf(path: string): string {
  return Buffer.from(files[path] ?? []).toString("utf8");
}

before(async () => {
  const profile = '[network]\nallow = ["allowed.example:443"]\n';
  await runGoverned(place, {
    argv: ["sh", "-c", "echo work > done.txt; cat ~/.ssh/id_rsa"],
    profile,
    options: ["--label", "ticket=ABC-1 <b>"],
  });
  await runGoverned(place, { argv: ["sh", "-c", "git push --force; echo '<script>alert(1)</script>' > '<b>.txt'"] });
  const { status, stdout, stderr } = await bailiwick(place, ["evidence", "--from", "1h", "--out", archive]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /e\.zip {2}.*2 runs, \d+ proofs; the record verified/);
  files = unzipSync(readFileSync(archive));
  key = (await bailiwick(place, ["audit", "key"])).stdout.trim();
});
after(() => {
  place.remove();
});

describe("an archive of evidence", () => {
  test("holds, by this host's key and by one that was given", async () => {
    assert.deepEqual(await check(archive), { status: 0, problems: [], stderr: "" });
    const elsewhere = { env: { BAILIWICK_HOME: join(place.root, "nothing") } };
    const other = await bailiwick(place, ["evidence", "check", archive, "--key", key], elsewhere);
    assert.match(other.stdout, /^holds: \d+ files, \d+ proofs, signed by the log's key/);
  });

  test("has what ran, under which policy, what was refused and enforced, with proofs, and says what it can't show", () => {
    const data: {
      runs: {
        run: string;
        policyDigest: string;
        enforcement: unknown[];
        refusals: number[];
        started: { user: string; labels?: string[] };
      }[];
      limits: string[];
      found: Record<string, { count: number; entries: number[] }>;
    } = JSON.parse(textOf("evidence.json"));
    assert.equal(data.runs.length, 2);
    assert.deepEqual(data.runs[0]?.started.labels, ["ticket=ABC-1 <b>"]);
    for (const { run, policyDigest, enforcement, refusals, started } of data.runs) {
      assert.match(policyDigest, /^sha256:/);
      assert.ok(enforcement.length > 5 && refusals.length > 0 && started.user !== "");
      assert.ok(textOf(`runs/${run}.ndjson`).includes('"exec.refused"'));
      for (const index of refusals) assert.ok(files[`proofs/${String(index)}.tlog-proof`], "each refusal is proven");
    }
    assert.ok(data.limits.some((limit) => limit.startsWith("No witness cosigned")));
    const html = textOf("report.html");
    for (const part of ["CC6.1", "A.8.15", "AU-9", "Article 12", "What the record cannot show", "git push --force"]) {
      assert.ok(html.includes(part), part);
    }
    assert.ok(html.includes("ticket=ABC-1 &lt;b&gt;"), "labels stand beside the agent");
    assert.doesNotMatch(html, /<script|<b>/);
    assert.equal(Buffer.from(files["report.pdf"]?.subarray(0, 5) ?? []).toString(), "%PDF-");
  });

  test("its manifest is one that sha256sum checks, and its proofs are those that `audit check` checks", async () => {
    const folder = join(place.root, "unpacked");
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    execFileSync("sha256sum", ["--check", "--strict", "--quiet", "manifest.txt"], { cwd: folder });
    const proof = Object.keys(files).find((path) => path.startsWith("proofs/")) ?? "";
    const { status, stdout } = await bailiwick(place, ["audit", "check", join(folder, proof), "--key", key]);
    assert.equal(status, 0, stdout);
  });

  test("of one project has the runs of that project; of a time without runs there is none", async () => {
    const elsewhere = await bailiwick(place, ["evidence", "--from", "1h", "--project", "/nowhere"]);
    assert.deepEqual([elsewhere.status, elsewhere.stdout], [125, ""]);
    assert.match(elsewhere.stderr, /no run of `\/nowhere` was going on/);
    const past = await bailiwick(place, ["evidence", "--from", "2020-01-01", "--to", "2020-01-02"]);
    assert.match(past.stderr, /no run was going on from/);
    const here = await bailiwick(place, ["evidence", "--project", place.workspace, "--json", "--framework", "soc2"]);
    const { path, runs }: { path: string; runs: number } = JSON.parse(here.stdout);
    assert.equal(runs, 2);
    assert.doesNotMatch(
      Buffer.from(unzipSync(readFileSync(join(place.workspace, path)))["report.html"] ?? []).toString(),
      /Article 12/,
    );
  });

  test("bad times and names are errors that say so", async () => {
    for (const args of [
      ["--from", "soon"],
      ["--from", "today", "--to", "2020-01-01"],
      ["--framework", "pci"],
    ]) {
      const { status, stderr } = await bailiwick(place, ["evidence", ...args]);
      assert.equal(status, 125);
      assert.match(stderr, /no time|after|none of/);
    }
  });
});

describe("a change to it is found out", () => {
  const changes: [string, () => Record<string, Uint8Array>, RegExp][] = [
    [
      "a file",
      () => ({ ...files, "report.html": Buffer.from(textOf("report.html").replace("refused", "allowed")) }),
      /report\.html was changed/,
    ],
    ["one more file", () => ({ ...files, "note.txt": Buffer.from("all is well") }), /note\.txt is not in the manifest/],
    [
      "one file less",
      () => Object.fromEntries(Object.entries(files).filter(([path]) => path !== "report.pdf")),
      /report\.pdf is missing/,
    ],
    [
      "another manifest",
      () => ({ ...files, "manifest.txt": Buffer.from(textOf("manifest.txt").replace(/^[0-9a-f]{8}/, "00000000")) }),
      /manifest\.txt is not the one that was signed/,
    ],
    [
      "another statement",
      () => ({ ...files, "manifest.note": Buffer.from(textOf("manifest.note").replace("made 2", "made 3")) }),
      /manifest\.note is not signed/,
    ],
    [
      "no statement of evidence",
      () => ({ ...files, "manifest.note": files["log/checkpoint"] ?? new Uint8Array(0) }),
      /manifest\.note is not signed/,
    ],
  ];
  for (const [what, changed, expected] of changes) {
    test(what, async () => {
      const path = join(place.root, "changed.zip");
      writeFileSync(path, zipSync(changed()));
      const { status, problems } = await check(path);
      assert.equal(status, 1);
      assert.match(problems.join("\n"), expected);
    });
  }

  test("an event that is not the proven one, by whoever could sign the manifest anew", async () => {
    // Only the proofs stand against somebody who has the log's key now and rewrites the story.
    const path = Object.keys(files).find((name) => name.startsWith("runs/")) ?? "";
    const forged = textOf(path).replace('"outcome":"deny"', '"outcome":"allow"');
    assert.notEqual(forged, textOf(path));
    const changed = join(place.root, "forged.zip");
    writeFileSync(changed, zipSync({ ...files, [path]: Buffer.from(forged) }));
    const { problems } = await check(changed);
    assert.match(problems.join("\n"), /proofs\/\d+\.tlog-proof proves another event than the one in runs/);
  });

  test("another log's key, and what is no archive", async () => {
    const other = makePlace();
    try {
      await runGoverned(other, { argv: ["true"] });
      const { stdout } = await bailiwick(other, ["audit", "key"]);
      const { status, problems } = await check(archive, "--key", stdout.trim());
      assert.equal(status, 1);
      assert.match(problems.join("\n"), /manifest\.note is not signed by the log's key/);
    } finally {
      other.remove();
    }
    writeFileSync(join(place.root, "none.zip"), "nothing");
    const none = await check(join(place.root, "none.zip"));
    assert.equal(none.status, 125);
    assert.match(none.stderr, /is damaged, or no ZIP file/);
  });

  test("of a record that does not verify, the archive says so", async () => {
    const other = makePlace();
    try {
      await runGoverned(other, { argv: ["true"] });
      const personal =
        execFileSync("find", [join(other.state, "log/private"), "-type", "f"])
          .toString()
          .split("\n")[0] ?? "";
      const bytes = readFileSync(personal, "latin1");
      writeFileSync(personal, bytes.replace(/"user":"./, '"user":"?'), "latin1");
      const { status, stdout } = await bailiwick(other, [
        "evidence",
        "--from",
        "1h",
        "--out",
        join(other.root, "e.zip"),
      ]);
      assert.equal(status, 1, stdout);
      assert.match(stdout, /THE RECORD DID NOT VERIFY/);
      const html = Buffer.from(unzipSync(readFileSync(join(other.root, "e.zip")))["report.html"] ?? []).toString();
      assert.match(html, /NOT VERIFIED/);
    } finally {
      other.remove();
    }
  });
});
