/** Bundles the command into packages/cli/dist, split so that each verb loads only what it needs. */
import { build } from "esbuild";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundleConsole } from "./bundle-console.ts";
import { bundlePages } from "./bundle-pages.ts";
import { bundleVerifier } from "./bundle-verifier.ts";

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
await build({
  entryPoints: { main: join(cli, "src/main.ts"), ...workers },
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
  banner: {
    js: 'import { createRequire as bailiwickRequire } from "node:module"; const require = bailiwickRequire(import.meta.url); const __dirname = import.meta.dirname;',
  },
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
});
cpSync(join(root, "packages/control-plane/sql"), join(outdir, "sql"), { recursive: true });
await bundleVerifier(outdir);
await bundlePages(join(outdir, "pages"));
await bundleConsole(join(outdir, "console"));
