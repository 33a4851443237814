/**
 * What supervision costs: the same sandbox with and without it. The supervised side is the whole product (`bailiwick run`: verified, decided,
 * recorded); the other is the launcher with the same LaunchSpec and `supervise` off. The workload times itself inside, so that start-up is not in it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchUnsupervised } from "./launcher-alone.ts";
import { interleave, median } from "./measure.ts";

const command = fileURLToPath(new URL("../packages/cli/bin/bailiwick.js", import.meta.url));
const timed = (work: string): string =>
  `s=$EPOCHREALTIME; { ${work}; } >/dev/null 2>&1 </dev/null || exit 9; e=$EPOCHREALTIME; echo "took $(( (\${e/./} - \${s/./}) ))"`;

interface Workload {
  readonly name: string;
  readonly rounds: number;
  readonly script: string;
}

const WORKLOADS: readonly Workload[] = [
  { name: "loop", rounds: 11, script: "for ((i = 0; i < 1000; i++)); do /bin/true; done" },
  { name: "make", rounds: 9, script: "make -s -C c clean all -j2" },
  { name: "npm", rounds: 9, script: "cd js && npm run -s one" },
  {
    name: "git",
    rounds: 9,
    script:
      "git init -q g && cd g && git config user.email p@x.test && git config user.name p && for ((i = 0; i < 40; i++)); do echo $i > f$i; git add f$i; git commit -qm $i; git status; git log --oneline; done",
  },
];

function prepareWorkspace(folder: string): void {
  const file = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const objects = Array.from({ length: 40 }, (_, index) => `u${String(index)}.o`);
  for (const [index] of objects.entries()) {
    file(
      `c/u${String(index)}.c`,
      `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint f${String(index)}(int x) { return printf("%d", x) + (int)strlen("x"); }\n`,
    );
  }
  file("c/main.c", "int main(void) { return 0; }\n");
  file(
    "c/Makefile",
    `all: prog\nprog: main.o ${objects.join(" ")}\n\tcc -o $@ $^\n%.o: %.c\n\tcc -O1 -c -o $@ $<\nclean:\n\trm -f *.o prog\n`,
  );
  file(
    "js/package.json",
    JSON.stringify({
      name: "x",
      version: "1.0.0",
      scripts: { one: "npm run -s two", two: "npm run -s three", three: "node -e 0" },
    }),
  );
}

const parse = (text: string, what: string): number => {
  const took = /took (\d+)/.exec(text)?.[1];
  if (took === undefined) throw new Error(`${what} did not finish: ${text}`);
  return Number(took) / 1000;
};

function supervised(folder: string, state: string, script: string): number {
  const result = spawnSync(
    process.execPath,
    [command, "run", "--workspace", folder, "--", "bash", "-c", timed(script)],
    {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, BAILIWICK_HOME: state },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  return parse(result.stdout + result.stderr, "supervised");
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-"));
  const state = mkdtempSync(join(tmpdir(), "bailiwick-bench-state-"));
  prepareWorkspace(folder);
  const figures: Record<string, number> = {};
  try {
    for (const { name, rounds, script } of WORKLOADS) {
      // A repository that a run finds is protected from it, so the run can't remove it itself.
      const clean = (): void => {
        rmSync(join(folder, "g"), { recursive: true, force: true });
      };
      const times = await interleave(
        {
          supervised: () => {
            clean();
            return supervised(folder, state, script);
          },
          bare: async () => {
            clean();
            return parse(
              await launchUnsupervised(folder, state, ["bash", "-c", timed(script)]),
              `${name} unsupervised`,
            );
          },
        },
        rounds,
      );
      figures[name] = median(times.supervised) / median(times.bare);
      figures[`${name}-ms`] = median(times.supervised);
      figures[`${name}-bare-ms`] = median(times.bare);
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(state, { recursive: true, force: true });
  }
}
