/** Bundles the command into packages/cli/dist, split so that each verb loads only what it needs. */
import { build, type BuildOptions } from "esbuild";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { assembledFilters } from "./assembled-filters.ts";
import { bundleConsole } from "./bundle-console.ts";
import { bundlePages } from "./bundle-pages.ts";
import { bundleVerifier } from "./bundle-verifier.ts";
import { MODULE_URL, NOW, packModules } from "./pack-modules.ts";

const root = join(import.meta.dirname, "..");
const cli = join(root, "packages/cli");
const outdir = join(cli, "dist");

rmSync(outdir, { recursive: true, force: true });
const workers = {
  "cedar-worker": join(root, "packages/policy/src/cedar-worker.privileged.ts"),
  "examiner-worker": join(root, "packages/audit/src/examiner-worker.privileged.ts"),
  "recording-worker": join(root, "packages/recording/src/recording-worker.privileged.ts"),
  "sender-worker": join(root, "packages/uplink/src/sender-worker.privileged.ts"),
};
const common = {
  outdir,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node22.18",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  sourcemap: false,
  // They read files from beside themselves, so they stay packages: cedar-wasm its .wasm, pdfkit its fonts' measures, PGlite its
  // database. pg-native is an addition to pg that nobody here has; ssh2 does without its native parts, which are not
  // built.
  external: [
    "@cedar-policy/cedar-wasm",
    "@cedar-policy/cedar-wasm/*",
    "pdfkit",
    "@electric-sql/pglite",
    "pg-native",
    "*.node",
    "cpu-features",
  ],
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
} as const satisfies BuildOptions;

// Threads start beside the command, which does not wait for them: ES modules, as they are written.
await build({
  ...common,
  entryPoints: workers,
  banner: {
    js: 'import { createRequire as bailiwickRequire } from "node:module"; const require = bailiwickRequire(import.meta.url); const __dirname = import.meta.dirname;',
  },
});
const { outputFiles, metafile } = await build({
  ...common,
  absWorkingDir: root,
  entryPoints: { main: join(cli, "src/main.ts") },
  define: { "import.meta.url": MODULE_URL, "import.meta.dirname": "__dirname", "performance.now": NOW },
  plugins: [assembledFilters],
  write: false,
  metafile: true,
});
const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
const files = await packModules(metafile.outputs, (name) => texts.get(name) ?? "", [
  { file: "main.cjs", entry: "packages/cli/src/main.ts", starts: true },
  { file: "run.cjs", entry: "packages/cli/src/run/command.ts", starts: false },
]);
for (const [name, text] of files) writeFileSync(join(outdir, name), text);
cpSync(join(root, "packages/control-plane/sql"), join(outdir, "sql"), { recursive: true });
await bundleVerifier(outdir);
await bundlePages(join(outdir, "pages"));
await bundleConsole(join(outdir, "console"));
