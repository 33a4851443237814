import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { sourcesIn, textOf, type Findings, type Source, type Surroundings } from "./findings.ts";

export const RUST_FILES = ["Cargo.toml"];

/**
 * cargo: registries and mirrors of its configuration. It has no command that says its default one; but where it was used, it has
 * kept each index with the address of its files.
 */
export function findRust({ directory, home, environment }: Surroundings): Findings {
  const cargoHome = environment["CARGO_HOME"] ?? join(home, ".cargo");
  const configured = [
    ...configOf(join(directory, ".cargo"), ".cargo"),
    ...configOf(cargoHome, "~/.cargo"),
    ...sourcesIn(join(directory, "Cargo.lock"), "Cargo.lock", /^source = "sparse\+(https?:[^"]+)"/gm),
  ];
  const sources = [...configured, ...usedBefore(join(cargoHome, "registry/index"))];
  return {
    tool: "cargo",
    sources,
    notes:
      sources.length > 0
        ? []
        : ["cargo does not say which registry it uses: add the hosts of its index and of its files"],
  };
}

function configOf(directory: string, shown: string): readonly Source[] {
  return ["config.toml", "config"].flatMap((name) =>
    sourcesIn(
      join(directory, name),
      `${shown}/${name}`,
      /^\s*(?:index|registry)\s*=\s*["'](?:sparse\+)?(https?:[^"']+)["']/gm,
    ),
  );
}

function usedBefore(indexes: string): readonly Source[] {
  let names: readonly string[];
  try {
    names = readdirSync(indexes);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const host = name.replace(/-[0-9a-f]{16}$/, "");
    // An index in git is called after its host as well; only the form that is fetched by HTTP has its settings beside it.
    const settings = join(indexes, name, "config.json");
    if (textOf(settings) === "") return [];
    const from = "~/.cargo/registry";
    return [{ url: `https://${host}/`, from }, ...sourcesIn(settings, from, /"(?:dl|api)"\s*:\s*"(https?:[^"]+)"/g)];
  });
}
