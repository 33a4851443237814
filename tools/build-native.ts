/** Compiles the launcher: musl-gcc when present, else cc; always static. Prints nothing when nothing changed. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const source = join(import.meta.dirname, "../packages/sandbox/native");
const outDir = join(import.meta.dirname, "../packages/sandbox/build");
const target = join(outDir, `bailiwick-launch-${process.arch}`);

const warnings = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wmissing-prototypes", "-Wformat=2", "-Wswitch-enum"];

function has(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}

function compiler(): { readonly command: string; readonly flags: readonly string[] } {
  const machine = process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  if (has("musl-gcc")) {
    return { command: "musl-gcc", flags: ["-idirafter", "/usr/include", "-idirafter", `/usr/include/${machine}`] };
  }
  for (const command of [process.env["CC"], "cc", "gcc", "clang"]) {
    if (command !== undefined && command !== "" && has(command)) return { command, flags: [] };
  }
  console.error(
    "bailiwick: cannot build the launcher: no C compiler found; install one (Debian: `apt-get install gcc libc6-dev`, Fedora: `dnf install gcc glibc-static`) and run `npm run build:native`",
  );
  process.exit(1);
}

const files = readdirSync(source).filter((name) => name.endsWith(".c") || name.endsWith(".h"));
const newest = Math.max(
  ...[...files.map((name) => join(source, name)), import.meta.filename].map((path) => statSync(path).mtimeMs),
);
if (existsSync(target) && statSync(target).mtimeMs > newest) process.exit(0);

mkdirSync(outDir, { recursive: true });
const { command, flags } = compiler();
const inputs = files.filter((name) => name.endsWith(".c")).map((name) => join(source, name));
const partial = `${target}.${String(process.pid)}`;
try {
  execFileSync(command, ["-std=gnu11", "-O2", "-static", "-s", ...warnings, ...flags, "-o", partial, ...inputs], {
    stdio: "inherit",
  });
} catch {
  process.exit(1); // the compiler has said why
}
renameSync(partial, target);
