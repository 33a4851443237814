/**
 * Promise 1, files: no git command of the person runs what a run wrote (entries 12 to 15, 30, 31, class C1 and C2). Each attack is a
 * repository as a person may have it, what an agent does in it, and an ordinary git command of the person afterwards, outside. Whether
 * that ran anything is seen from a mark outside the workspace. The negative control is the same without Bailiwick, in a throwaway folder
 * and, when root tests, as nobody: there the mark must appear.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { makePlace, runGoverned, type Place } from "../support/governed.ts";

interface Attack {
  /** Shell text, in the workspace, before the run. `@` is the mark's path. */
  readonly person: string;
  readonly agent: string;
  readonly afterwards: string;
}

const INIT = "git init -q . && git config user.name p && git config user.email p@x.test";
const HOOK = (directory: string): string =>
  `mkdir -p ${directory}; printf '#!/bin/sh\\ntouch @\\n' > ${directory}/pre-commit; chmod +x ${directory}/pre-commit`;
const FSMONITOR = (config: string): string => `printf '[core]\\n\\tfsmonitor = "touch @;false"\\n' >> ${config}`;
/** What makes a directory a repository of its own, with a work tree. */
const REPOSITORY = (directory: string): string =>
  `mkdir -p ${directory}/objects ${directory}/refs; echo 'ref: refs/heads/main' > ${directory}/HEAD; printf '[core]\\n\\trepositoryformatversion = 0\\n\\tbare = false\\n\\tworktree = .\\n' > ${directory}/config; ${FSMONITOR(`${directory}/config`)}`;
const COMMIT = "git commit -q --allow-empty -m x";

const ATTACKS: Readonly<Record<string, Attack>> = {
  "a directory of hooks that the config names and that is not there yet": {
    person: `${INIT}; git config core.hooksPath .githooks`,
    agent: HOOK(".githooks"),
    afterwards: COMMIT,
  },
  "a directory of hooks that an included file names": {
    person: `${INIT}; mkdir settings; printf '[core]\\n\\thooksPath = team/hooks\\n' > settings/git; git config include.path ../settings/git`,
    agent: HOOK("team/hooks"),
    afterwards: COMMIT,
  },
  "a directory of hooks that the person's own settings name": {
    person: `${INIT}; git config --global core.hooksPath .our-hooks`,
    agent: HOOK(".our-hooks"),
    afterwards: COMMIT,
  },
  "settings that the config includes and that are not there yet": {
    person: `${INIT}; git config include.path ../git.local`,
    agent: FSMONITOR("git.local"),
    afterwards: "git status",
  },
  "settings that are included under a condition": {
    person: `${INIT}; git config includeIf.onbranch:*.path ../git.branch`,
    agent: FSMONITOR("git.branch"),
    afterwards: "git status",
  },
  "14 a filter of the repository that lies in the work tree": {
    person: `${INIT}; mkdir tools; echo cat > tools/clean.sh; git config filter.x.clean 'sh tools/clean.sh'; echo '*.txt filter=x' > .gitattributes; echo a > a.txt; git add .; ${COMMIT}`,
    agent: "echo 'touch @; cat' > tools/clean.sh; echo b > a.txt",
    afterwards: "git status; git diff",
  },
  "13 an alias that runs a script of the work tree": {
    person: `${INIT}; echo true > tidy.sh; git config alias.tidy '!sh tidy.sh'`,
    agent: "echo 'touch @' > tidy.sh",
    afterwards: "git tidy",
  },
  "14 a file watcher that lies in the work tree, by rename": {
    person: `${INIT}; mkdir -p tools; printf '#!/bin/sh\\nexit 1\\n' > tools/watch; chmod +x tools/watch; git config core.fsmonitor tools/watch`,
    agent:
      "printf '#!/bin/sh\\ntouch @; exit 1\\n' > w; chmod +x w; mv -f w tools/watch; mv tools old; mkdir tools; cp w old/watch tools/",
    afterwards: "git status",
  },
  "a repository whose directory has another name": {
    person: `git init -q --separate-git-dir=.bare . && git config user.name p`,
    agent: FSMONITOR(".bare/config"),
    afterwards: "git status",
  },
  "a repository for several work trees, itself without one": {
    person: `git init -q --bare store && git --git-dir=store -c user.name=p -c user.email=p@x.test commit-tree -m x $(git --git-dir=store mktree </dev/null) > id && git --git-dir=store branch main $(cat id) && git --git-dir=store worktree add -q main main`,
    agent: FSMONITOR("store/config"),
    afterwards: "git -C main status",
  },
  "a bare repository among the files": {
    person: "git init -q --bare fixtures/x.git",
    agent: `printf '[core]\\n\\tbare = false\\n\\tworktree = .\\n' >> fixtures/x.git/config; ${FSMONITOR("fixtures/x.git/config")}`,
    afterwards: "git -C fixtures/x.git status",
  },
  "a directory without a repository that is made one itself": {
    person: "echo a > a",
    agent: REPOSITORY("."),
    afterwards: "git status",
  },
  "a submodule that was never fetched": {
    person: `git init -q ../library && git -C ../library -c user.name=p -c user.email=p@x.test commit -q --allow-empty -m x; ${INIT}; git -c protocol.file.allow=always submodule --quiet add ../../library lib 2>/dev/null || git -c protocol.file.allow=always submodule --quiet add "$PWD/../library" lib; ${COMMIT}; git submodule --quiet deinit -f lib; rm -rf .git/modules`,
    agent: `mkdir -p .git/modules; git init -q --bare .git/modules/lib; printf '#!/bin/sh\\ntouch @\\n' > .git/modules/lib/hooks/post-checkout; chmod +x .git/modules/lib/hooks/post-checkout; ${FSMONITOR(".git/modules/lib/config")}; printf '[core]\\n\\tbare = false\\n\\tworktree = ../../../lib\\n' >> .git/modules/lib/config`,
    afterwards: "git -c protocol.file.allow=always submodule update --init; git status",
  },
};

/** As whom the control runs: never as root. */
const AS_NOBODY = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

const markOf = (place: Place): string => join(place.root, "mark");

/** A shell of the person in the workspace, outside. */
function outside(place: Place, text: string, as: readonly string[] = []): string {
  const [command = "", ...args] = [...as, "sh", "-c", text.replaceAll("@", markOf(place))];
  const env = { PATH: "/usr/bin:/bin", HOME: place.home, GIT_CONFIG_NOSYSTEM: "1" };
  const { stdout, stderr } = spawnSync(command, args, { cwd: place.workspace, env, encoding: "utf8" });
  return stdout + stderr;
}

describe("the person's git runs nothing that a run wrote", () => {
  for (const [name, attack] of Object.entries(ATTACKS)) {
    test(name, async () => {
      const [place, control] = [makePlace(), makePlace()];
      try {
        if (AS_NOBODY.length > 0) spawnSync("chown", ["-R", "65534:65534", control.root]);
        const said = [attack.person, attack.agent, attack.afterwards].map((text) => outside(control, text, AS_NOBODY));
        assert.ok(existsSync(markOf(control)), `negative control: without Bailiwick it runs: ${said.join("\n")}`);

        outside(place, attack.person);
        const agent = attack.agent.replaceAll("@", markOf(place));
        const result = await runGoverned(place, { argv: ["sh", "-c", agent] });
        assert.notEqual(result.status, 125, result.stderr);
        outside(place, attack.afterwards);
        assert.ok(!existsSync(markOf(place)), "what the run wrote was run outside");
      } finally {
        place.remove();
        control.remove();
      }
    });
  }
});
