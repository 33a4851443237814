import { findOptionTable, optionsOf, type OptionTable } from "./options.ts";
import { pathCandidates, pathParts, placesOf, resolvePath } from "./paths.ts";

/** Where a program starts and what it is called: what its arguments mean depends on it. */
export interface ArgumentSetting {
  readonly names: readonly string[];
  readonly cwd: string;
  readonly workspace: string;
}

/**
 * What policies see of an argument vector (well-formed strings, `argv[0]` first). Each is computed when first asked for and
 * then kept; nothing is cut, however long. Pure: the same vector in the same setting gives the same facts.
 */
export class Arguments {
  readonly argv: readonly string[];
  /** UTF-16 units of all arguments together. */
  readonly size: number;
  readonly #setting: ArgumentSetting;
  readonly #table: OptionTable | undefined;
  #shape: Shape | undefined;
  #paths: ReadonlySet<string> | undefined;

  constructor(argv: readonly string[], setting: ArgumentSetting) {
    this.argv = argv;
    this.size = argv.reduce((sum, argument) => sum + argument.length + 1, 0);
    this.#setting = setting;
    this.#table = findOptionTable(setting.names);
  }

  line(): string {
    return this.argv.join(" ");
  }

  args(): ReadonlySet<string> {
    return new Set(this.argv.slice(1));
  }

  verb(): string {
    return this.#split().verb;
  }

  flags(): ReadonlySet<string> {
    return this.#split().flags;
  }

  operands(): ReadonlySet<string> {
    return this.#split().operands;
  }

  operandCount(): number {
    return this.#split().operandCount;
  }

  words(): ReadonlySet<string> {
    return new Set(
      this.line()
        .toLowerCase()
        .match(/[a-z0-9_.-]+/g) ?? [],
    );
  }

  settings(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const argument of this.argv.slice(1)) {
      for (const name of settingNames(argument)) {
        names.add(name);
        const first = name.indexOf(".");
        const last = name.lastIndexOf(".");
        if (first > 0) names.add(`${name.slice(0, first)}.*`);
        if (last > first) names.add(`${name.slice(0, first)}.*${name.slice(last)}`);
      }
    }
    return names;
  }

  paths(): ReadonlySet<string> {
    this.#paths ??= new Set(this.#candidates().map((path) => resolvePath(path, this.#setting.cwd)));
    return this.#paths;
  }

  pathParts(): ReadonlySet<string> {
    return new Set([...this.paths()].flatMap(pathParts));
  }

  places(): ReadonlySet<string> {
    return new Set([...this.paths()].flatMap((path) => placesOf(path, this.#setting.workspace)));
  }

  #candidates(): readonly string[] {
    const end = this.argv.indexOf("--");
    return this.argv.slice(1).flatMap((argument, index) => {
      const afterOptions = end >= 0 && index + 1 > end;
      return pathCandidates(argument, argument.startsWith("-") && !afterOptions);
    });
  }

  #split(): Shape {
    this.#shape ??= splitArguments(spellOut(this.argv, this.#setting.names), this.#table);
    return this.#shape;
  }
}

interface Shape {
  readonly verb: string;
  readonly flags: ReadonlySet<string>;
  readonly operands: ReadonlySet<string>;
  readonly operandCount: number;
}

function splitArguments(argv: readonly string[], table: OptionTable | undefined): Shape {
  const flags = new Set<string>();
  const operands = new Set<string>();
  let verb = "";
  let operandCount = 0;
  let optionsEnded = false;
  for (let index = 1; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (!optionsEnded && argument === "--") {
      optionsEnded = true;
    } else if (!optionsEnded && argument.startsWith("-") && argument !== "-") {
      const options = optionsOf(table, verb);
      for (const flag of spellings(argument, options.long)) flags.add(flag);
      const takesNext = options.values.has(argument) || (verb === "" && table?.before.has(argument));
      // A value counts among the operands (a policy had better see too much), but is neither verb nor counted.
      if (takesNext === true && index + 1 < argv.length) operands.add(argv[++index] ?? "");
    } else {
      operands.add(argument);
      operandCount += 1;
      // `cargo +nightly publish`: the toolchain is no verb.
      if (verb === "" && !(argument.startsWith("+") && operandCount === 1)) verb = argument;
    }
  }
  return { verb, flags, operands, operandCount };
}

/** `git-push origin` is `git push origin`: git looks at `argv[0]`. */
function spellOut(argv: readonly string[], names: readonly string[]): readonly string[] {
  const called = lastComponent(argv[0] ?? "");
  if (!called.startsWith("git-") || !names.some((name) => name === "git" || name === called)) return argv;
  return ["git", called.slice("git-".length), ...argv.slice(1)];
}

/** An option as written, without its value, letter by letter when it is a cluster, and in full when it is abbreviated. */
function spellings(option: string, long: readonly string[]): readonly string[] {
  if (option.startsWith("--")) {
    const name = option.split("=", 1)[0] ?? option;
    const whole = long.includes(name) ? [] : long.filter((known) => known.startsWith(name));
    return whole.length === 1 ? [name, ...whole] : [name];
  }
  const name = option.split("=", 1)[0] ?? option;
  const letters = [...(/^-[A-Za-z0-9]+/.exec(option)?.[0] ?? "-").slice(1)];
  return [name, ...letters.map((letter) => `-${letter}`)];
}

/**
 * The names that an argument may set: `x` of `x=y`; an operand whole, as in `git config core.sshCommand y`;
 * `y` of `--config-env=y=z` and of `-cy=z`. Not one that is only turned off: agents do so to be safe from a repository's settings.
 */
function settingNames(argument: string): readonly string[] {
  const lower = argument.toLowerCase();
  if (lower.startsWith("--")) {
    const [, name] = lower.split("=");
    return name === undefined ? [] : [name];
  }
  const setting = lower.startsWith("-") ? lower.slice(2) : lower;
  const [name = setting, ...value] = setting.split("=");
  return name === "" || (value.length > 0 && isOff(name, value.join("="))) ? [] : [name];
}

/** Whether a value can't make a program start: nothing, no file, and where git takes a word instead of a program, that word. */
function isOff(name: string, value: string): boolean {
  if (value === "" || value === "/dev/null") return true;
  return name === "core.fsmonitor" ? value === "false" : name.startsWith("protocol.") && value === "never";
}

export function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
