import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { SandboxError } from "../errors.ts";
import { takePlaceholders } from "./placeholders.ts";
import type { Placeholder } from "./placeholder-journal.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-placeholders-"));
const state = join(folder, "state");
const workspace = join(folder, "workspace");
after(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  for (const path of [state, workspace]) rmSync(path, { recursive: true, force: true });
  mkdirSync(workspace);
});

const directory: Placeholder = { path: join(workspace, ".claude"), content: undefined, covered: true };
const file: Placeholder = { path: join(workspace, ".mcp.json"), content: "", covered: true };
const commondir: Placeholder = { path: join(workspace, "commondir"), content: ".\n", covered: true };
const all = [directory, file, commondir];

const take = (placeholders: readonly Placeholder[] = all): (() => void) =>
  takePlaceholders(state, () => ({ placeholders })).release;
const names = (): readonly string[] => readdirSync(workspace).sort();

describe("one run", () => {
  test("has them while it lasts, and nothing stays", () => {
    const release = take();
    assert.deepEqual(names(), [".claude", ".mcp.json", "commondir"]);
    assert.equal(readFileSync(file.path, "utf8"), "");
    assert.equal(readFileSync(commondir.path, "utf8"), ".\n");
    release();
    release();
    assert.deepEqual(names(), []);
  });

  test("keeps them for the next one, which gets the same, and no more than that", () => {
    take()();
    const kept = readdirSync(join(state, "placeholders/stock"), { recursive: true, withFileTypes: true });
    assert.equal(kept.length, 3 + 3);
    const release = take();
    assert.ok(statSync(directory.path).isDirectory());
    assert.equal(readFileSync(commondir.path, "utf8"), ".\n");
    release();
    assert.deepEqual(names(), []);
  });

  test("leaves what somebody has filled, replaced or removed meanwhile", () => {
    const release = take();
    writeFileSync(join(directory.path, "settings.json"), "mine");
    writeFileSync(file.path, "mine");
    rmSync(commondir.path);
    mkdirSync(commondir.path);
    release();
    assert.deepEqual(names(), [".claude", ".mcp.json", "commondir"]);
    assert.equal(readFileSync(file.path, "utf8"), "mine");
  });

  test("never takes the place of what is there: neither empty nor full", () => {
    take()(); // the stock is full
    writeFileSync(file.path, "mine");
    mkdirSync(join(directory.path, "hooks"), { recursive: true });
    take()();
    assert.equal(readFileSync(file.path, "utf8"), "mine");
    assert.ok(existsSync(join(directory.path, "hooks")));
  });

  test("uses nothing of the stock that is no longer as it was", () => {
    take()();
    const shelf = join(state, "placeholders/stock/directories");
    writeFileSync(join(shelf, readdirSync(shelf)[0] ?? "", "planted"), "");
    const release = take();
    assert.deepEqual(readdirSync(directory.path), []);
    release();
  });

  test("what can't be made ends the launch and leaves nothing", () => {
    const impossible: Placeholder = { path: join(workspace, "none/x"), content: "", covered: true };
    assert.throws(
      () => take([...all, impossible]),
      (error) => {
        assert.ok(error instanceof SandboxError);
        return error.code === "SANDBOX_WORKSPACE_REFUSED";
      },
    );
    assert.deepEqual(names(), []);
  });
});

describe("two runs at once", () => {
  test("the last takes them away, and the other knows that they are no one's own", () => {
    const first = take();
    let held: readonly string[] = [];
    const second = takePlaceholders(state, (others) => {
      held = [...others.keys()];
      return { placeholders: all };
    });
    assert.deepEqual(
      held,
      all.map(({ path }) => path),
    );
    first();
    assert.deepEqual(names(), [".claude", ".mcp.json", "commondir"]);
    second.release();
    assert.deepEqual(names(), []);
  });
});

describe("a run that was killed", () => {
  const script = `
    import { takePlaceholders } from ${JSON.stringify(join(import.meta.dirname, "placeholders.ts"))};
    takePlaceholders(${JSON.stringify(state)}, () => ({ placeholders: ${JSON.stringify(all)} }));
    console.log("taken");
    setInterval(() => {}, 1000);`;

  async function killedRun(): Promise<void> {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    assert.deepEqual(names(), [".claude", ".mcp.json", "commondir"]);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    assert.deepEqual(names(), [".claude", ".mcp.json", "commondir"]);
  }

  test("leaves them for the next to take away, wherever that one works", async () => {
    await killedRun();
    const elsewhere: Placeholder = { path: join(folder, "elsewhere"), content: "", covered: true };
    take([elsewhere])();
    assert.deepEqual(names(), []);
  });

  test("what was filled since is the person's", async () => {
    await killedRun();
    writeFileSync(file.path, "{}");
    take([])();
    assert.deepEqual(names(), [".mcp.json"]);
  });

  test("while it was held, and while its journal was written: neither stops the next", () => {
    take()();
    const journals = join(state, "placeholders");
    const { pid } = spawnSync("true");
    writeFileSync(join(journals, "cut.json"), '{"by":{"pid":1');
    rmSync(join(journals, "lock.free"));
    writeFileSync(join(journals, `lock.${String(pid)}-1`), "");
    take()();
    assert.deepEqual(readdirSync(journals).sort(), ["lock.free", "stock"]);
  });
});

describe("a repository", () => {
  const exclude = join(workspace, ".git/info/exclude");
  const beginRepository = (content: string): void => {
    mkdirSync(join(workspace, ".git/info"), { recursive: true });
    writeFileSync(exclude, content);
  };

  test("does not see them while a run goes on, and its own list is what it was", () => {
    beginRepository("*.swp");
    const [one, other] = [take(), take()];
    assert.match(readFileSync(exclude, "utf8"), /^\*\.swp\n# bailiwick[^]*\n\/\.mcp\.json\n\/commondir\n#/);
    one();
    assert.match(readFileSync(exclude, "utf8"), /\/\.mcp\.json/);
    writeFileSync(exclude, `${readFileSync(exclude, "utf8")}mine\n`);
    other();
    assert.equal(readFileSync(exclude, "utf8"), "*.swp\nmine\n");
  });

  test("whose list is a link is left alone", () => {
    beginRepository("");
    const elsewhere = join(folder, "elsewhere");
    writeFileSync(elsewhere, "");
    rmSync(exclude);
    symlinkSync(elsewhere, exclude);
    const release = take();
    assert.equal(readFileSync(elsewhere, "utf8"), "");
    release();
  });

  test("of a run that was killed is cleaned up by the next", () => {
    beginRepository("");
    const script = `import { takePlaceholders } from ${JSON.stringify(join(import.meta.dirname, "placeholders.ts"))};
      takePlaceholders(${JSON.stringify(state)}, () => ({ placeholders: ${JSON.stringify([file])} })); process.kill(process.pid, "SIGKILL");`;
    spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script]);
    assert.match(readFileSync(exclude, "utf8"), /\/\.mcp\.json/);
    take([directory])();
    assert.equal(readFileSync(exclude, "utf8"), "");
  });
});
