import { join } from "node:path";
import { matchesOf, sourcesIn, textOf, type Findings, type Source, type Surroundings } from "./findings.ts";

export const PYTHON_FILES = [
  "pyproject.toml",
  "requirements.txt",
  "setup.py",
  "setup.cfg",
  "Pipfile",
  "uv.lock",
  "poetry.lock",
];

const INDEX = /^\s*(?:extra-)?index-url\s*[=:]\s*(\S+)/gm;
const VARIABLES = [
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "UV_INDEX_URL",
  "UV_DEFAULT_INDEX",
  "UV_INDEX",
  "UV_EXTRA_INDEX_URL",
];

/** Two lines: where pip looks when nothing is said, and where that keeps the files. Only pip itself knows. */
const DEFAULT =
  "from pip._internal.models.index import PyPI as p; print(p.simple_url); print('https://' + p.file_storage_domain)";

/** pip, uv, poetry and pdm: indexes of their configuration and of the project, and what a lock file names. */
export function findPython({ directory, home, environment, ask }: Surroundings): Findings {
  const config = environment["XDG_CONFIG_HOME"] ?? join(home, ".config");
  const files: readonly (readonly [path: string, shown: string])[] = [
    ["/etc/pip.conf", "/etc/pip.conf"],
    [join(home, ".pip/pip.conf"), "~/.pip/pip.conf"],
    [join(config, "pip/pip.conf"), "~/.config/pip/pip.conf"],
    ...(environment["PIP_CONFIG_FILE"] === undefined
      ? []
      : [[environment["PIP_CONFIG_FILE"], "PIP_CONFIG_FILE"] as const]),
  ];
  const configured: readonly Source[] = [
    ...files.flatMap(([path, shown]) => sourcesIn(path, shown, INDEX)),
    ...VARIABLES.flatMap((name) =>
      (environment[name] ?? "").split(/\s+/).map((url) => ({ url: url.replace(/^[^=/]+=/, ""), from: name })),
    ),
    ...uvIndexes(join(config, "uv/uv.toml"), "~/.config/uv/uv.toml"),
  ].filter(({ url }) => url !== "");
  const project = [
    ...uvIndexes(join(directory, "pyproject.toml"), "pyproject.toml"),
    ...uvIndexes(join(directory, "uv.toml"), "uv.toml"),
    ...sourcesIn(
      join(directory, "requirements.txt"),
      "requirements.txt",
      /^\s*(?:-i|--index-url|--extra-index-url)[\s=]+(\S+)/gm,
    ),
    ...sourcesIn(join(directory, "Pipfile"), "Pipfile", /^\s*url\s*=\s*"([^"]+)"/gm),
    ...sourcesIn(join(directory, "uv.lock"), "uv.lock", /(?:url|registry) = "(https?:[^"]+)"/g),
    ...sourcesIn(join(directory, "poetry.lock"), "poetry.lock", /^url = "(https?:[^"]+)"/gm),
  ];
  if (configured.length > 0) return { tool: "pip", sources: [...configured, ...project], notes: [] };
  const asked = matchesOf(ask("python3", ["-c", DEFAULT]) ?? "", /^(https:\S+)$/gm).map((url) => ({
    url,
    from: "pip",
  }));
  const sources = [...asked, ...project];
  return {
    tool: "pip",
    sources,
    notes: sources.length > 0 ? [] : ["pip was not found and no index is configured: add the host of yours"],
  };
}

/** `url` of tables that are called index or source: uv, poetry, pdm. */
function uvIndexes(path: string, shown: string): readonly Source[] {
  const tables = textOf(path).split(/^(?=\[)/m);
  return tables
    .filter((table) => /^\[\[?(tool\.(uv|poetry|pdm)\.)?(index|source)\]?\]/.test(table))
    .flatMap((table) => matchesOf(table, /^\s*url\s*=\s*["']([^"']+)["']/gm))
    .map((url) => ({ url, from: shown }));
}
