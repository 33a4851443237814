/**
 * Builds what goes out to those who check proofs: one JavaScript file and one page, each with everything in it, from the source that
 * `bailiwick audit check` uses.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const audit = join(import.meta.dirname, "../packages/audit");

export async function bundleVerifier(outdir: string): Promise<void> {
  await build({
    entryPoints: { "bailiwick-verify": join(audit, "src/verifier/main.ts") },
    outdir,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.12",
    legalComments: "none",
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  });
  const { outputFiles } = await build({
    entryPoints: [join(audit, "page/page.ts")],
    bundle: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    minify: true,
    charset: "ascii",
    legalComments: "none",
    write: false,
    logLevel: "warning",
  });
  // What would end the element early, wherever it stands.
  const script = (outputFiles[0]?.text ?? "").trim().replaceAll("</", "<\\/");
  const style = readFileSync(join(audit, "page/page.css"), "utf8");
  // Nothing but these two may run, and nothing at all may be loaded or sent.
  const policy = `default-src 'none'; script-src ${sourceOf(script)}; style-src ${sourceOf(style)}; base-uri 'none'; form-action 'none'`;
  // Whatever white space a formatter put around them would change their digests.
  const page = readFileSync(join(audit, "page/page.html"), "utf8")
    .replace("{{policy}}", () => policy)
    .replace(/<style>\s*\/\* style \*\/\s*<\/style>/, () => `<style>${style}</style>`)
    .replace(/<script>\s*\/\* script \*\/\s*<\/script>/, () => `<script>${script}</script>`);
  if (!page.includes(policy) || !page.includes(style) || !page.includes(script)) {
    throw new Error("page.html has no place for a part of the page");
  }
  writeFileSync(join(outdir, "bailiwick-verify.html"), page);
}

function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
