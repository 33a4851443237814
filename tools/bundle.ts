/** Bundles the command into packages/cli/dist, split so that each verb loads only what it needs. */
import { build } from "esbuild";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bundleVerifier } from "./bundle-verifier.ts";

const root = join(import.meta.dirname, "..");
const cli = join(root, "packages/cli");
const outdir = join(cli, "dist");

rmSync(outdir, { recursive: true, force: true });
const worker = join(root, "packages/policy/src/cedar-worker.privileged.ts");
await build({
  entryPoints: { main: join(cli, "src/main.ts"), ...(existsSync(worker) ? { "cedar-worker": worker } : {}) },
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
  // cedar-wasm reads its .wasm file from beside itself, so it stays a package.
  external: ["@cedar-policy/cedar-wasm", "@cedar-policy/cedar-wasm/*"],
  banner: {
    js: 'import { createRequire as bailiwickRequire } from "node:module"; const require = bailiwickRequire(import.meta.url);',
  },
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
});
await bundleVerifier(outdir);
