/**
 * `npm run bench [NAME…]`: each module measures one thing side by side with its peer in the same run and returns figures.
 * Prints them against what is promised, and writes bench/results/<time>.json with commit and host. Never part of the tests.
 */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem } from "node:os";
import { basename, join } from "node:path";
import { PROMISES } from "./promises.ts";

interface BenchModule {
  bench(): Promise<Record<string, number>>;
}

const folder = import.meta.dirname;
const names = globSync("*.ts", { cwd: folder })
  .map((file) => basename(file, ".ts"))
  .filter((name) => !["main", "promises", "measure", "launcher-alone"].includes(name))
  .sort();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`bench: no such module: ${unknown.join(", ")}; there are: ${names.join(", ")}`);
  process.exit(2);
}

/** What else the machine did when this began: figures of a machine that was busy are worth less. */
const [load = 0] = loadavg();
const figures: Record<string, number> = {};
let missed = 0;
const broken: string[] = [];
for (const name of wanted.length > 0 ? wanted : names) {
  console.error(`${name} …`);
  try {
    const module = (await import(`./${name}.ts`)) as BenchModule;
    for (const [figure, value] of Object.entries(await module.bench())) show(`${name}.${figure}`, value);
  } catch (error) {
    // What others measured is worth keeping.
    console.error(error);
    broken.push(name);
  }
}

function show(figure: string, value: number): void {
  figures[figure] = value;
  const promised = PROMISES.find((one) => one.figure === figure);
  const shown = value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  if (promised === undefined) {
    console.log(`       ${figure.padEnd(36)} ${shown}`);
    return;
  }
  const kept = promised.relation === "<=" ? value <= promised.bound : value >= promised.bound;
  if (!kept) missed++;
  console.log(
    `${kept ? "kept  " : "MISSED"} ${figure.padEnd(36)} ${shown.padStart(9)} ${promised.relation} ${String(promised.bound)}  ${promised.what}`,
  );
}

const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
const result = {
  at: new Date().toISOString(),
  commit: git("rev-parse", "HEAD") + (git("status", "--porcelain") === "" ? "" : " with changes"),
  host: {
    kernel: release(),
    arch: arch(),
    cpus: cpus().length,
    model: cpus()[0]?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load,
  },
  figures,
  ...(broken.length > 0 && { broken }),
};
mkdirSync(join(folder, "results"), { recursive: true });
const file = join(folder, "results", `${result.at.slice(0, 19).replaceAll(":", "")}.json`);
writeFileSync(file, JSON.stringify(result, null, 2) + "\n");
console.log(`written to ${file}`);
process.exit(missed > 0 || broken.length > 0 ? 1 : 0);
