import { join } from "node:path";
import { sourcesIn, textOf, type Findings, type Source, type Surroundings } from "./findings.ts";

export const NODE_FILES = ["package.json", "deno.json", "bun.lock", "bun.lockb"];

/** npm, pnpm, yarn and bun: registries of .npmrc and the environment, for all packages and for scopes; the default is asked of npm. */
export function findNode({ directory, home, environment, ask }: Surroundings): Findings {
  const own = [
    ...npmrc(join(directory, ".npmrc"), ".npmrc", environment),
    ...yarnrc(join(directory, ".yarnrc.yml"), ".yarnrc.yml"),
  ];
  const person = [
    ...npmrc(join(home, ".npmrc"), "~/.npmrc", environment),
    ...yarnrc(join(home, ".yarnrc.yml"), "~/.yarnrc.yml"),
  ];
  const asked = ask("npm", ["config", "get", "registry"]);
  const npm: readonly Source[] =
    asked?.startsWith("http") === true ? [{ url: asked, from: "npm config get registry" }] : [];
  const locked = [
    ...sourcesIn(join(directory, "package-lock.json"), "package-lock.json", /"resolved": "(https?:[^"]+)"/g),
    ...sourcesIn(join(directory, "yarn.lock"), "yarn.lock", /^ +resolved "(https?:[^"#]+)/gm),
    ...sourcesIn(join(directory, "pnpm-lock.yaml"), "pnpm-lock.yaml", /tarball: (https?:[^\s,}]+)/g),
  ];
  const sources = [...own, ...person, ...npm, ...locked];
  return {
    tool: "npm",
    sources,
    notes: sources.length > 0 ? [] : ["npm was not found and no registry is configured: add the host of yours"],
  };
}

function npmrc(path: string, shown: string, environment: Surroundings["environment"]): readonly Source[] {
  return sourcesIn(path, shown, /^\s*(?:@[^:\s=]+:)?registry\s*=\s*"?([^\s"]+)"?/gm).map(({ url, from }) => ({
    url: url.replace(/\$\{(\w+)\}/g, (whole, name: string) => environment[name] ?? whole),
    from,
  }));
}

function yarnrc(path: string, shown: string): readonly Source[] {
  return textOf(path) === "" ? [] : sourcesIn(path, shown, /npmRegistryServer:\s*"?([^\s"]+)"?/g);
}
