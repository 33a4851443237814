/** Builds the web console: hashed files, each also compressed once and for all, so that the server only hands out bytes. */
import { createRequire } from "node:module";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "vite";

const require = createRequire(join(import.meta.dirname, "../packages/recording/package.json"));
const AS_IN_NODE = ["@xterm/headless", "@xterm/addon-serialize"];
const root = join(import.meta.dirname, "../packages/console");

export async function bundleConsole(outDir: string): Promise<void> {
  await build({
    root,
    configFile: false,
    // Of these there is another build for bundlers, which is imported in another way; one way is enough for Node and browsers.
    resolve: { alias: Object.fromEntries(AS_IN_NODE.map((name) => [name, require.resolve(name)])) },
    logLevel: "warn",
    // Inlined files would be `data:` scripts and styles, which the pages' policy forbids.
    build: { outDir, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  });
  for (const file of readdirSync(outDir, { recursive: true, encoding: "utf8" })) {
    if (!/\.(html|js|css)$/.test(file)) continue;
    const bytes = readFileSync(join(outDir, file));
    writeFileSync(join(outDir, `${file}.br`), brotliCompressSync(bytes));
    writeFileSync(join(outDir, `${file}.gz`), gzipSync(bytes, { level: 9 }));
  }
}
