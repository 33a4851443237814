/** Builds the script of the server's pages that speak to passkeys: one file, from the packages' sources. */
import { join } from "node:path";
import { build } from "esbuild";

const page = join(import.meta.dirname, "../packages/control-plane/page/main.ts");

export async function bundlePages(outdir: string): Promise<void> {
  await build({
    entryPoints: { passkeys: page },
    outdir,
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
}
