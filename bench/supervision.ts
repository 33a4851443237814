/**
 * What supervision costs: the same sandbox with and without it. The supervised side is the whole product (`bailiwick run`: verified, decided,
 * recorded); the other is the launcher with the same LaunchSpec and `supervise` off. The workload times itself inside, so that start-up is not in it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchUnsupervised } from "./launcher-alone.ts";
import { interleave, median } from "./measure.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const command = fileURLToPath(new URL("../packages/cli/bin/bailiwick.js", import.meta.url));
const timed = (work: string): string =>
  `s=$EPOCHREALTIME; { ${work}; } >/dev/null 2>&1 </dev/null || exit 9; e=$EPOCHREALTIME; echo "took $(( (\${e/./} - \${s/./}) ))"`;

interface Workload {
  readonly name: string;
  readonly rounds: number;
  readonly script: string;
}

/**
 * `loop` does nothing but start programs; `make`, `npm` and `git` are what people run: sources of some hundred lines, a type check, a
 * repository of some thousand files. `…-dense` are the same with next to no work in each program: nothing is promised of them, and they
 * show what one exec costs.
 */
const WORKLOADS: readonly Workload[] = [
  { name: "loop", rounds: 11, script: "for ((i = 0; i < 1000; i++)); do /bin/true; done" },
  { name: "make", rounds: 7, script: "make -s -C c clean && make -s -C c -j2" },
  { name: "npm", rounds: 7, script: "cd js && npm run -s build" },
  {
    name: "git",
    rounds: 7,
    script:
      "git clone -q base g && cd g && git config user.email p@x.test && git config user.name p && for ((i = 0; i < 5; i++)); do git switch -q -c b$i && for f in d$i/*; do echo $i >> $f; done && git add -A && git commit -qm $i && git status && git log --stat -3 && git diff main && git switch -q main && git merge -q --no-edit b$i; done && git gc -q",
  },
  { name: "make-dense", rounds: 7, script: "make -s -C dense clean && make -s -C dense -j2" },
  { name: "npm-dense", rounds: 7, script: "cd js && npm run -s one" },
  {
    name: "git-dense",
    rounds: 7,
    script:
      "git init -q g && cd g && git config user.email p@x.test && git config user.name p && for ((i = 0; i < 40; i++)); do echo $i > f$i; git add f$i; git commit -qm $i; git status; git log --oneline; done",
  },
];

/** C of the shape that generated and hand-written code has: `functions` of some ten lines each. */
function sourceText(unit: number, functions: number): string {
  const body = (index: number): string => `static int f${String(unit)}_${String(index)}(const char *text, int seed) {
  int sum = seed, weights[16];
  for (int i = 0; i < 16; i++) weights[i] = (seed * ${String(index + 3)} + i * ${String(unit + 7)}) % 251;
  for (size_t i = 0; text[i] != '\\0'; i++) {
    switch ((text[i] + seed) % 5) {
      case 0: sum += weights[i % 16] * text[i]; break;
      case 1: sum ^= weights[(i + ${String(index)}) % 16] << 2; break;
      case 2: sum -= printf("%d", weights[i % 16]) + (int)strlen(text + i); break;
      default: sum = sum * 31 + text[i];
    }
  }
  return sum;
}
`;
  const calls = Array.from({ length: functions }, (_, index) => `x += f${String(unit)}_${String(index)}("u", x);`);
  return `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n${Array.from({ length: functions }, (_, index) => body(index)).join("")}int u${String(unit)}(int x) { ${calls.join(" ")} return x; }\n`;
}

function writeC(folder: string, units: number, functions: number): void {
  const objects = Array.from({ length: units }, (_, unit) => `u${String(unit)}.o`);
  mkdirSync(folder);
  for (let unit = 0; unit < units; unit++)
    writeFileSync(join(folder, `u${String(unit)}.c`), sourceText(unit, functions));
  writeFileSync(join(folder, "main.c"), "int main(void) { return 0; }\n");
  writeFileSync(
    join(folder, "Makefile"),
    `prog: main.o ${objects.join(" ")}\n\tcc -o $@ $^\n%.o: %.c\n\tcc -O2 -c -o $@ $<\nclean:\n\trm -f *.o prog\n`,
  );
}

/** A TypeScript project, with the compiler of this repository. */
function writeJs(folder: string): void {
  mkdirSync(join(folder, "src"), { recursive: true });
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  cpSync(join(root, "node_modules/typescript"), join(folder, "node_modules/typescript"), { recursive: true });
  symlinkSync("../typescript/bin/tsc", join(folder, "node_modules/.bin/tsc"));
  for (let unit = 0; unit < 60; unit++) {
    const lines = Array.from(
      { length: 60 },
      (_, index) =>
        `export const f${String(index)} = <T extends { a: number }>(x: readonly T[]): Record<string, T[]> => Object.groupBy(x, (y) => String(y.a % ${String(index + 1)})) as Record<string, T[]>;`,
    );
    writeFileSync(join(folder, `src/m${String(unit)}.ts`), `${lines.join("\n")}\n`);
  }
  const compilerOptions = { strict: true, target: "es2024", lib: ["es2024"], types: [], outDir: "out" };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  const scripts = {
    build: "npm run -s compile",
    compile: "tsc",
    one: "npm run -s two",
    two: "npm run -s three",
    three: "node -e 0",
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "x", version: "1.0.0", scripts }));
}

function writeRepository(folder: string): void {
  for (let directory = 0; directory < 60; directory++) {
    mkdirSync(join(folder, `d${String(directory)}`), { recursive: true });
    for (let file = 0; file < 50; file++) {
      const text = Array.from({ length: 60 }, (_, line) => `${String(directory * file + line)} words of a file\n`).join(
        "",
      );
      writeFileSync(join(folder, `d${String(directory)}/f${String(file)}`), text);
    }
  }
  const git = (...words: string[]): void => {
    execFileSync("git", ["-c", "user.name=p", "-c", "user.email=p@x.test", "-c", "init.defaultBranch=main", ...words], {
      cwd: folder,
    });
  };
  git("init", "-q");
  git("add", "-A");
  git("commit", "-qm", "first");
}

function prepareWorkspace(folder: string): void {
  writeC(join(folder, "c"), 24, 24);
  writeC(join(folder, "dense"), 40, 1);
  writeJs(join(folder, "js"));
  writeRepository(join(folder, "base"));
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
