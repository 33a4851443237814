/**
 * Makes CommonJS of what esbuild split, and puts those modules that are always needed together into one file: Node takes some 0.3 ms to find, read and
 * link each ES module, and `import "node:fs"` alone makes it load its streams, to be able to name them (`getESMFacade`). `bailiwick run` started with
 * 47 of them.
 */
import { transform, type Metafile } from "esbuild";
import { basename } from "node:path";

/** One file: the modules that `entry` cannot do without, other than those of the packs before it. */
export interface Pack {
  readonly file: string;
  /** The source that the build has as an entry, or that something imports when it is needed. */
  readonly entry: string;
  /** Whether loading the file runs its entry. */
  readonly starts: boolean;
}

interface Chunk {
  readonly name: string;
  readonly code: string;
}

/** @returns the files by their names. @param outputs as esbuild wrote them, in ES modules whose names end in `.mjs` */
export async function packModules(
  outputs: Metafile["outputs"],
  text: (name: string) => string,
  packs: readonly Pack[],
): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>();
  const entries = new Map<string, string>();
  for (const { file, entry } of packs) {
    const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry) ?? [];
    if (path === undefined) throw new Error(`no output has the entry ${entry}`);
    entries.set(file, basename(path));
    for (const name of closureOf(outputs, path)) if (!owners.has(name)) owners.set(name, file);
  }
  const chunks = await Promise.all(
    Object.entries(outputs).map(([path, { imports }]) => toCommonJs(basename(path), { imports, text, owners })),
  );
  const files = new Map<string, string>();
  for (const { file, starts } of packs) {
    const modules = chunks.filter(({ name }) => owners.get(name) === file);
    const packed = packText(modules, starts ? entries.get(file) : undefined);
    refuseWide(file, packed);
    files.set(file, packed);
  }
  for (const { name, code } of chunks) {
    if (owners.get(name) === undefined) files.set(commonName(name), `"use strict";${URL_OF_FILE}${OWN_NOW}${code}`);
  }
  return files;
}

/** What `import.meta.url` is replaced by. */
export const MODULE_URL = "bailiwickModuleUrl";
const URL_OF_FILE = `const ${MODULE_URL}=require("node:url").pathToFileURL(__filename).href;`;

function closureOf(outputs: Metafile["outputs"], start: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(basename(path))) return;
    found.add(basename(path));
    for (const each of outputs[path]?.imports ?? []) {
      if (each.kind === "import-statement" && each.external !== true) visit(each.path);
    }
  };
  visit(start);
  return found;
}

interface Context {
  readonly imports: Metafile["outputs"][string]["imports"];
  readonly text: (name: string) => string;
  readonly owners: ReadonlyMap<string, string>;
}

async function toCommonJs(name: string, { imports, text, owners }: Context): Promise<Chunk> {
  const late = imports.filter(({ kind, path, external }) => {
    return kind === "dynamic-import" && (external !== true || path.startsWith("node:"));
  });
  let source = text(name);
  for (const { path, external } of late) {
    const specifier = JSON.stringify(external === true ? path : `./${basename(path)}`);
    // Node's own `import` of CommonJS would load all that loads ES modules.
    source = source.replaceAll(`import(${specifier})`, `Promise.resolve().then(()=>require(${specifier}))`);
  }
  if (/\bimport\("(?:\.|node:)/.test(source)) throw new Error(`an import in ${name} was not found in esbuild's list`);
  const { code } = await transform(source, {
    format: "cjs",
    platform: "node",
    target: "node22.18",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
  });
  const own = owners.get(name);
  const linked = (own === undefined ? code : putOff(name, code)).replaceAll(
    /\brequire\("\.\/([^"/]+\.mjs)"\)/g,
    (_, other: string) => {
      const owner = owners.get(other);
      const specifier = JSON.stringify(`./${commonName(other)}`);
      return owner === undefined || owner === own
        ? `require(${specifier})`
        : `require(${JSON.stringify(`./${owner}`)}).load(${specifier})`;
    },
  );
  return { name, code: linked };
}

/**
 * What Node itself has to compile first, and a run that asks for nothing never calls: all of `readline` for `fs/promises`, what threads say to one
 * another, seven modules for `performance.now`.
 */
const LATE = ["node:fs/promises", "node:timers/promises", "node:dns/promises", "node:worker_threads"];

/** Only where each use names one export: a copy of all of them would be of nothing. */
function putOff(name: string, code: string): string {
  let changed = code;
  for (const builtin of LATE) {
    const found = `require("${builtin}")`;
    if (changed.includes(`__toESM(${found}`)) throw new Error(`${name} imports all of ${builtin}; name what it needs`);
    changed = changed.replaceAll(`=${found}`, `=late("${builtin}")`);
  }
  return changed;
}

/** What `performance.now` is replaced by: the same clock, from another beginning. */
export const NOW = "bailiwickNow";
const OWN_NOW = `const ${NOW}=()=>{const [s,ns]=process.hrtime();return s*1e3+ns/1e6};`;

function packText(modules: readonly Chunk[], start: string | undefined): string {
  // Without the parentheses V8 would put the functions off, and leave all that is in them out of what Node caches of the compiled code.
  const table = modules.map(({ name, code }) => `"./${commonName(name)}":(function(exports,require,module){${code}})`);
  return `"use strict";${URL_OF_FILE}${OWN_NOW}const late=(name)=>new Proxy({},{get:(_,key)=>require(name)[key]});
const packed={__proto__:null,${table.join(",\n")}},loaded=new Map;
function load(name){const make=packed[name];if(make===undefined)return require(name);let module=loaded.get(name);
if(module===undefined){module={exports:{}};loaded.set(name,module);make(module.exports,load,module)}return module.exports}
exports.load=load;${start === undefined ? "" : `load("./${commonName(start)}");`}
`;
}

/** One character beyond Latin-1 makes V8 keep the whole file with two bytes for each, and Node encode all of it to find its compiled code. */
function refuseWide(file: string, text: string): void {
  const found = /.{0,40}[^\0-\x7f].{0,20}/.exec(text)?.[0];
  if (found !== undefined) throw new Error(`${file} has more than ASCII; write it as \\u…: ${found}`);
}

function commonName(name: string): string {
  return name.replace(/\.mjs$/, ".cjs");
}
