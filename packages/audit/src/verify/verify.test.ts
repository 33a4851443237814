import assert from "node:assert/strict";
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import fc from "fast-check";
import {
  allowed,
  appendNow,
  ended,
  newRun,
  signerOf,
  started,
  temporaryRecord,
  writeRun,
} from "../../test/fixtures.ts";
import { encodeEvent } from "../fit.ts";
import { sha256 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import { listRuns, verifyLog } from "../queries.ts";
import { openRunLog } from "../run-log.ts";
import { signCheckpoint } from "../signed-head.ts";
import { emptyTail, extendTail } from "../tail.ts";
import { decodeBundle } from "../tiles.ts";
import type { Problem, ProblemKind } from "./problems.ts";

const hasher = createTreeHasher(sha256);

/** Two runs, 602 + 102 entries: two full bundles and 192 entries. */
async function makeRecord(context: TestContext) {
  const directory = temporaryRecord(context);
  const first = await writeRun(directory, 300);
  const second = await writeRun(directory, 50);
  return { directory, first, second, log: (path: string) => join(directory, "log", path) };
}

function entriesIn(directory: string): Buffer[] {
  const paths = ["000", "001", "002.p/192"].map((name) => join(directory, "log/tile/entries", name));
  return paths.flatMap((path) => decodeBundle(readFileSync(path), 256).map((entry) => Buffer.from(entry)));
}

/** Writes tiles and bundles for these entries, as somebody without the key could: the checkpoint is what it was. */
function rewrite(directory: string, entries: readonly Uint8Array[]) {
  rmSync(join(directory, "log/tile"), { recursive: true });
  const { files, tail } = extendTail(hasher, emptyTail(hasher), entries);
  for (const { path, bytes } of files) {
    mkdirSync(dirname(join(directory, "log", path)), { recursive: true });
    writeFileSync(join(directory, "log", path), bytes);
  }
  return { size: tail.range.size, root: tail.range.root() };
}

/** As above, and signs it with the log's own key: what only a compromised writer can do. */
async function rewriteSigned(directory: string, entries: readonly Uint8Array[]) {
  const head = rewrite(directory, entries);
  const checkpoint = await signCheckpoint([await signerOf(directory)], head);
  writeFileSync(join(directory, "log/checkpoint"), checkpoint);
}

function writeBundle(path: string, entries: readonly Uint8Array[]): void {
  writeFileSync(
    path,
    Buffer.concat(entries.flatMap((entry) => [Buffer.of(entry.length >> 8, entry.length & 255), entry])),
  );
}

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

const has = (problems: readonly Problem[], kind: ProblemKind, index?: number): boolean =>
  problems.some((problem) => problem.kind === kind && (index === undefined || problem.index === index));

async function assertProblem(directory: string, kind: ProblemKind, index?: number): Promise<readonly Problem[]> {
  const { ok, problems } = await verifyLog(directory);
  assert.ok(
    !ok && has(problems, kind, index),
    `${kind} at ${String(index)}, but found ${JSON.stringify(problems.slice(0, 5))}`,
  );
  return problems;
}

describe("a record that nobody touched", () => {
  test("verifies, whole and run by run", async (context) => {
    const { directory, first, second } = await makeRecord(context);
    assert.deepEqual(await verifyLog(directory), {
      ok: true,
      origin: readFileSync(join(directory, "log.vkey"), "utf8").split("+")[0],
      head: second.head,
      entries: 704,
      runs: 2,
      unended: [],
      erased: [],
      rotations: 0,
      problems: [],
    });
    const remembered = [first.head, second.head];
    for (const { run, entries } of [
      { run: first.run, entries: 602 },
      { run: second.run, entries: 102 },
    ]) {
      const result = await verifyLog(directory, { run, remembered });
      assert.deepEqual([result.problems, result.entries, result.runs], [[], entries, 1]);
    }
  });

  test("verifies while it is written, and names runs without an end", async (context) => {
    const directory = temporaryRecord(context);
    const run = newRun();
    const log = await openRunLog({ directory, run });
    await appendNow(log, started(log.follows));
    await appendNow(log, allowed(1));
    const result = await verifyLog(directory, { run });
    assert.deepEqual([result.ok, result.unended], [true, [run]]);
    await log.close();
  });

  test("files of a batch that a crash cut off change nothing", async (context) => {
    const { directory, log } = await makeRecord(context);
    for (const path of [
      "tile/0/002",
      "tile/0/002.p/200",
      "tile/entries/002.p/200",
      "tile/entries/003",
      "checkpoint.tmp",
    ]) {
      writeFileSync(log(path), "whatever");
    }
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });
});

describe("an edit", () => {
  test("of one byte of an entry", async (context) => {
    const { directory, log } = await makeRecord(context);
    const [zero = Buffer.alloc(0)] = entriesIn(directory);
    flipByte(log("tile/entries/000"), 2 + zero.length + 2 + 60);
    const problems = await assertProblem(directory, "edit", 1);
    assert.deepEqual(problems, [{ kind: "edit", index: 1, detail: "the entry is not the one that was recorded" }]);
  });

  test("of a length in a bundle", async (context) => {
    const { directory, log } = await makeRecord(context);
    flipByte(log("tile/entries/001"), 1);
    await assertProblem(directory, "edit", 256);
  });

  test("of an entry, with tiles that fit it", async (context) => {
    const { directory } = await makeRecord(context);
    const entries = entriesIn(directory);
    rewrite(directory, entries.with(300, Buffer.from(`${String(entries[300])} `)));
    await assertProblem(directory, "signature");
  });

  test("of an entry, with only its own tile to fit", async (context) => {
    const { directory, log } = await makeRecord(context);
    const above = readFileSync(log("tile/1/000.p/2"));
    const entries = entriesIn(directory);
    rewrite(directory, entries.with(300, Buffer.from(`${String(entries[300])} `)));
    writeFileSync(log("tile/1/000.p/2"), above);
    await assertProblem(directory, "edit", 256);
  });

  for (const tile of ["tile/0/000", "tile/0/002.p/192", "tile/1/000.p/2"]) {
    test(`of ${tile} alone`, async (context) => {
      const { directory, log } = await makeRecord(context);
      flipByte(log(tile), 33);
      const { ok, problems } = await verifyLog(directory);
      assert.ok(!ok && problems.length > 0);
    });
  }

  test("of bytes behind the last entry of a bundle", async (context) => {
    const { directory, log } = await makeRecord(context);
    writeFileSync(log("tile/entries/000"), "more", { flag: "a" });
    await assertProblem(directory, "edit", 0);
  });

  test("of what was kept beside the log", async (context) => {
    const directory = temporaryRecord(context);
    const log = await openRunLog({ directory, run: newRun() });
    await appendNow(log, started(log.follows));
    await appendNow(log, allowed(1, ["x".repeat(50_000)]));
    await log.close();
    const [whole = ""] = globSync(join(directory, "private/*/whole/*"));
    flipByte(whole, 3);
    await assertProblem(directory, "edit", 1);
    rmSync(whole);
    await assertProblem(directory, "deletion", 1);
  });

  test("of personal members: of a byte of them, of their salt, of their place", async (context) => {
    for (const [at, kind] of [
      [60, "edit"],
      [6, "edit"],
      [1, "deletion"],
    ] as const) {
      const { directory, first } = await makeRecord(context);
      flipByte(join(directory, "private", first.run, "0"), at);
      await assertProblem(directory, kind, 0);
    }
  });

  test("of personal members that were exchanged between entries", async (context) => {
    const { directory, first } = await makeRecord(context);
    const path = join(directory, "private", first.run, "0");
    const bytes = readFileSync(path);
    const second = 6 + bytes.readUInt32BE(2) + 1;
    [bytes[1], bytes[second]] = [bytes[second] ?? 0, bytes[1] ?? 0];
    writeFileSync(path, bytes);
    const problems = await assertProblem(directory, "edit");
    assert.equal(problems.length, 2);
  });
});

describe("a deletion", () => {
  test("of an entry from its bundle", async (context) => {
    const { directory, log } = await makeRecord(context);
    writeBundle(log("tile/entries/000"), entriesIn(directory).slice(0, 256).toSpliced(17, 1));
    await assertProblem(directory, "deletion", 17);
  });

  test("of an entry, with tiles that fit and the old checkpoint", async (context) => {
    const { directory } = await makeRecord(context);
    rewrite(directory, entriesIn(directory).toSpliced(17, 1));
    const { ok, problems } = await verifyLog(directory);
    assert.ok(!ok && problems.length > 0);
  });

  test("of an entry, with tiles that fit and a checkpoint that says so", async (context) => {
    const { directory, log } = await makeRecord(context);
    const { size, root } = rewrite(directory, entriesIn(directory).toSpliced(17, 1));
    const lines = readFileSync(log("checkpoint"), "utf8").split("\n");
    writeFileSync(
      log("checkpoint"),
      [lines[0], String(size), Buffer.from(root).toString("base64"), ...lines.slice(3)].join("\n"),
    );
    const problems = await assertProblem(directory, "signature");
    assert.ok(has(problems, "gap"), "the deleted beginning of an exec leaves its end alone");
  });

  test("of a whole bundle", async (context) => {
    const { directory, log } = await makeRecord(context);
    rmSync(log("tile/entries/001"));
    await assertProblem(directory, "deletion", 256);
  });

  test("of a tile: what hangs from it is not proven any more, also for one run", async (context) => {
    for (const tile of ["tile/0/000", "tile/1/000.p/2"]) {
      const { directory, log, first } = await makeRecord(context);
      rmSync(log(tile));
      assert.equal((await verifyLog(directory)).ok, false, tile);
      assert.equal((await verifyLog(directory, { run: first.run })).ok, false, tile);
    }
  });
});

describe("a truncation", () => {
  test("of the last bundle, by some entries or by all", async (context) => {
    const { directory, log } = await makeRecord(context);
    writeBundle(log("tile/entries/002.p/192"), entriesIn(directory).slice(512, -3));
    await assertProblem(directory, "truncation", 701);
    rmSync(log("tile/entries/002.p"), { recursive: true });
    await assertProblem(directory, "truncation", 512);
  });

  test("of a file, in the middle of an entry", async (context) => {
    const { directory, log } = await makeRecord(context);
    writeFileSync(log("tile/entries/002.p/192"), readFileSync(log("tile/entries/002.p/192")).subarray(0, -5));
    await assertProblem(directory, "truncation", 703);
  });

  test("of everything but the checkpoint", async (context) => {
    const { directory, log } = await makeRecord(context);
    rmSync(log("tile"), { recursive: true });
    await assertProblem(directory, "truncation");
  });
});

describe("an older state that was put back", () => {
  async function rollBack(context: TestContext) {
    const directory = temporaryRecord(context);
    const first = await writeRun(directory, 300);
    cpSync(directory, `${directory}-older`, { recursive: true });
    const second = await writeRun(directory, 50);
    rmSync(directory, { recursive: true });
    cpSync(`${directory}-older`, directory, { recursive: true });
    return { directory, first, second };
  }

  test("is detected by anyone who remembers a later head", async (context) => {
    const { directory, first, second } = await rollBack(context);
    const result = await verifyLog(directory, { remembered: [first.head, second.head] });
    assert.deepEqual(
      result.problems.map(({ kind, index }) => [kind, index]),
      [["rollback", 602]],
    );
  });

  test("is not detectable otherwise: it is what the log once was", async (context) => {
    const { directory } = await rollBack(context);
    assert.equal((await verifyLog(directory)).ok, true);
  });

  test("and then went on is a fork, for anyone who remembers the other branch", async (context) => {
    const { directory, second } = await rollBack(context);
    await writeRun(directory, 100);
    const { problems } = await verifyLog(directory, { remembered: [second.head] });
    assert.ok(has(problems, "edit"));
  });

  test("only its checkpoint: the same, and nothing worse", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 300);
    const older = readFileSync(join(directory, "log/checkpoint"));
    const later = await writeRun(directory, 50);
    writeFileSync(join(directory, "log/checkpoint"), older);
    const result = await verifyLog(directory, { remembered: [later.head] });
    assert.deepEqual(result.head, head);
    assert.ok(has(result.problems, "rollback", 602));
  });
});

describe("a reordering", () => {
  test("of two entries of one bundle, and of two that are far apart", async (context) => {
    for (const [a, b] of [
      [5, 9],
      [3, 700],
    ] as const) {
      const { directory, log } = await makeRecord(context);
      const entries = entriesIn(directory);
      const swapped = entries.map((entry, index) => entries[index === a ? b : index === b ? a : index] ?? entry);
      writeBundle(log("tile/entries/000"), swapped.slice(0, 256));
      writeBundle(log("tile/entries/002.p/192"), swapped.slice(512));
      const problems = await assertProblem(directory, "reordering", a);
      assert.ok(has(problems, "reordering", b));
      assert.ok(!has(problems, "edit"));
    }
  });
});

describe("a signature", () => {
  test("that is missing, of another key, or of another origin", async (context) => {
    const { directory, log } = await makeRecord(context);
    const checkpoint = readFileSync(log("checkpoint"), "utf8");
    const other = temporaryRecord(context);
    await writeRun(other, 300);
    const spoilt = [
      "",
      checkpoint.slice(0, checkpoint.indexOf("—")),
      checkpoint.replace(/ [A-Za-z0-9+/=]+\n$/, " AAAAAAAA\n"),
      checkpoint.replaceAll("bailiwick/", "elsewhere/"),
      readFileSync(join(other, "log/checkpoint"), "utf8"),
    ];
    for (const text of spoilt) {
      writeFileSync(log("checkpoint"), text);
      await assertProblem(directory, "signature");
    }
    rmSync(log("checkpoint"));
    await assertProblem(directory, "signature");
  });

  test("is checked against the key that was asked for, not the one that lies beside the log", async (context) => {
    const [mine, other] = [await makeRecord(context), await makeRecord(context)];
    const verifierKey = readFileSync(join(mine.directory, "log.vkey"), "utf8").trim();
    assert.ok((await verifyLog(mine.directory, { verifierKey })).ok);
    assert.ok(has((await verifyLog(other.directory, { verifierKey })).problems, "signature"));
    assert.ok(has((await verifyLog(mine.directory, { verifierKey: "nonsense" })).problems, "signature"));
  });
});

/** Whole logs, honestly signed, whose events make no sense. */
describe("a story that a dishonest or broken writer tells", () => {
  const run = newRun();
  const follows = { size: 0, root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" };
  const event = (body: Parameters<typeof encodeEvent>[1]): Uint8Array => encodeEvent(run, body).data;
  const end = (): Uint8Array =>
    event({
      type: "run.ended",
      at: 1,
      status: 0,
      reason: "exited",
      counts: { execs: 0, refused: 0, asked: 0, connections: 0, hostsRefused: 0 },
      wallMs: 1,
    });
  const begin = event(started(follows));
  const stories: [string, Uint8Array[], ProblemKind, number][] = [
    ["no beginning", [event(allowed(1))], "gap", 0],
    ["two beginnings", [begin, begin], "gap", 1],
    ["an exec that ends and never began", [begin, event(ended(7))], "gap", 1],
    ["an exec that ends twice", [begin, event(allowed(1)), event(ended(1)), event(ended(1))], "gap", 3],
    ["an exec that begins twice", [begin, event(allowed(1)), event(ended(1)), event(allowed(1))], "gap", 3],
    ["something after the end", [begin, end(), event(allowed(1))], "reordering", 2],
    ["a predecessor that is not there", [event(started({ size: 5, root: follows.root }))], "gap", 0],
    ["another predecessor", [begin, end(), event(started({ size: 1, root: follows.root }))], "gap", 2],
    ["no JSON", [begin, Buffer.from("{")], "schema", 1],
    ["nothing at all", [begin, Buffer.alloc(0)], "schema", 1],
    ["no UTF-8", [begin, Buffer.of(0x22, 0xff, 0x22)], "schema", 1],
    [
      "an unknown version",
      [begin, Buffer.from(String(Buffer.from(event(allowed(1)))).replace('"v":1', '"v":2'))],
      "schema",
      1,
    ],
    [
      "an unknown member",
      [begin, Buffer.from(String(Buffer.from(event(allowed(1)))).replace('"v":1', '"v":1,"x":1'))],
      "schema",
      1,
    ],
    ["nesting without end", [begin, Buffer.from("[".repeat(65_000))], "schema", 1],
  ];
  for (const [name, entries, kind, index] of stories) {
    test(name, async (context) => {
      const directory = temporaryRecord(context);
      await writeRun(directory, 1);
      await rewriteSigned(directory, entries);
      await assertProblem(directory, kind, index);
    });
  }
});

test("a hint that makes a run look shorter hides nothing", async (context) => {
  const { directory, first } = await makeRecord(context);
  await listRuns(directory);
  flipByte(join(directory, "log/tile/entries/001"), 200);
  const hint = join(directory, "runs.hint.json");
  writeFileSync(hint, readFileSync(hint, "utf8").replace('"last":601', '"last":99'));
  assert.equal((await verifyLog(directory, { run: first.run })).ok, false);
});

test("whatever is done to the files, there is a verdict and no crash", async (context) => {
  const { directory } = await makeRecord(context);
  const pristine = `${directory}-pristine`;
  cpSync(directory, pristine, { recursive: true });
  const names = readdirSync(join(directory, "log"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const damage = fc.record({
    file: fc.nat(),
    how: fc.constantFrom("flip", "cut", "empty", "remove", "garbage", "directory", "append"),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async (damages) => {
      rmSync(directory, { recursive: true });
      cpSync(pristine, directory, { recursive: true });
      for (const { file, how, at, bytes } of damages) {
        const path = names[file % names.length] ?? "";
        if (
          !existsSync(path) ||
          readdirSync(dirname(path), { withFileTypes: true }).some(
            (entry) => entry.isDirectory() && join(entry.parentPath, entry.name) === path,
          )
        )
          continue;
        const content = readFileSync(path);
        if (how === "flip") flipByte(path, at % Math.max(1, content.length));
        else if (how === "cut") writeFileSync(path, content.subarray(0, at % Math.max(1, content.length)));
        else if (how === "empty") writeFileSync(path, "");
        else if (how === "garbage") writeFileSync(path, bytes);
        else if (how === "append") writeFileSync(path, Buffer.concat([content, bytes]));
        else {
          rmSync(path);
          if (how === "directory") mkdirSync(path);
        }
      }
      const same = names.every(
        (path) =>
          existsSync(path) &&
          content(path)?.equals(content(path.replace(directory, pristine)) ?? Buffer.alloc(0)) === true,
      );
      const { ok, problems } = await verifyLog(directory);
      assert.equal(ok, problems.length === 0);
      // Partial files of older checkpoints are covered by nothing, so damage to them alone is none.
      if (same) assert.ok(ok);
      else if (!ok) assert.ok(problems.every(({ detail }) => detail !== "" && !detail.includes("\n")));
    }),
    { numRuns: 150 },
  );
});

function content(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EISDIR") return undefined;
    throw error;
  }
}
