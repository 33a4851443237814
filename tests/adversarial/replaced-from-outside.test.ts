/**
 * Promise 1, files: a protected or masked name stays so when somebody outside replaces, renames or removes it while a run goes on, as git
 * and editors do whenever they save. The kernel takes a mount away then, also that of a run. Judged from outside: what was written, and
 * what the run could read. The negative control is a name of the same workspace that nothing protects, replaced in the same way.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, ofType, readEvents } from "../support/governed.ts";
import { startCommand } from "../support/ongoing.ts";

const place = makePlace();
const at = (name: string): string => join(place.workspace, name);

/** As editors save: a new file takes the name. */
function replace(name: string, content: string): void {
  writeFileSync(at(`${name}.new`), content);
  renameSync(at(`${name}.new`), at(name));
}

/** As editors save that keep a backup: the old file goes away under another name, and a new one is made. */
function replaceWithBackup(name: string, content: string): void {
  renameSync(at(name), at(`${name}~`));
  writeFileSync(at(name), content);
}

const CHANGES: Readonly<Record<string, () => void>> = {
  ".git/config": () => execFileSync("git", ["config", "user.name", "Robin"], { cwd: place.workspace }),
  ".git/hooks": () => {
    rmSync(at(".git/hooks"), { recursive: true });
  },
  ".mcp.json": () => {
    unlinkSync(at(".mcp.json"));
  },
  ".envrc": () => {
    replace(".envrc", "export A=1\n");
  },
  ".vscode": () => {
    renameSync(at(".vscode"), at(".vscode-old"));
  },
  ".env": () => {
    replace(".env", "TOKEN=second\n");
  },
  "sub/.env": () => {
    replaceWithBackup("sub/.env", "TOKEN=third\n");
  },
};

/** Names in directories, which an agent writes into them. */
const WRITTEN: Readonly<Record<string, string>> = { ".git/hooks": "/pre-commit", ".vscode": "/tasks.json" };

const SCRIPT = `
echo begun
until [ -e go ]; do sleep 0.05; done
for name in ${Object.keys(CHANGES)
  .map((name) => name + (WRITTEN[name] ?? ""))
  .join(" ")} plain; do
  mkdir -p $(dirname $name)
  { echo EVIL >> $name; } 2>/dev/null && echo wrote $name
done
cat .env sub/.env plain
`;

describe("names that are replaced from outside", () => {
  let output: string;
  before(async () => {
    execFileSync("git", ["init", "-q"], { cwd: place.workspace });
    mkdirSync(at("sub"));
    mkdirSync(at(".vscode"));
    for (const name of [".env", "sub/.env"]) writeFileSync(at(name), "TOKEN=first\n");
    for (const name of [".vscode/settings.json", "plain"]) writeFileSync(at(name), "{}\n");
    const run = startCommand(place, ["run", "--approvals", "deny", "--", "bash", "-c", SCRIPT]);
    await run.until(/begun/);
    for (const [name, change] of Object.entries(CHANGES)) {
      change();
      await run.until(
        new RegExp(
          `\\\`\\S*/project/${name.replaceAll(".", "\\.")}\\\` was re\\w+ from outside; it is protected again`,
        ),
      );
    }
    replace("plain", "replaced\n");
    writeFileSync(at("go"), "");
    assert.equal(await run.ended(), 0);
    output = await run.until(/replaced/);
  });
  after(() => {
    place.remove();
  });

  test("negative control: one that nothing protects is read and written as it is now", () => {
    assert.match(output, /^wrote plain$/m);
    assert.equal(readFileSync(at("plain"), "utf8"), "replaced\nEVIL\n");
  });
  for (const name of Object.keys(CHANGES)) {
    test(name, () => {
      assert.doesNotMatch(output, new RegExp(`^wrote ${name.replaceAll(".", "\\.")}(/|$)`, "m"));
      const path = at(name + (WRITTEN[name] ?? ""));
      if (existsSync(path)) assert.doesNotMatch(readFileSync(path, "utf8"), /EVIL/);
    });
  }
  test("what was masked is not read, the old content nor the new", () => {
    assert.doesNotMatch(output, /TOKEN/);
  });
  test("what somebody wrote outside is there, what was put in the place of removed names is gone, and the record says all", async () => {
    assert.match(readFileSync(at(".git/config"), "utf8"), /name = Robin/);
    assert.equal(readFileSync(at(".env"), "utf8"), "TOKEN=second\n");
    assert.deepEqual(readdirSync(place.workspace).sort(), [
      ".env",
      ".envrc",
      ".git",
      ".vscode-old",
      "go",
      "plain",
      "sub",
    ]);
    assert.ok(!existsSync(at(".git/hooks")));
    const renewed = ofType(await readEvents(place), "protection.renewed").map(({ path }) => path);
    for (const name of Object.keys(CHANGES)) assert.ok(renewed.includes(at(name)), name);
  });
});
