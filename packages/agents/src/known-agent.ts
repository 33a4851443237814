import type { Adapter } from "./adapter.ts";
import { commandsOf } from "./shell-tools.ts";
import { packageDirectory, siblingPackage } from "./npm-package.ts";

/** An agent as its folder describes it; {@link adapterOf} makes the adapter. */
export interface KnownAgent extends Omit<Adapter, "installation" | "commandsOf"> {
  /** Names of its program's file. */
  readonly binaries: readonly string[];
  readonly packageName: string;
  /** Packages with the native program of one platform each. */
  readonly platformPackages: readonly string[];
}

export function isInPackageOf(agent: KnownAgent, path: string): boolean {
  return [agent.packageName, ...agent.platformPackages].some((name) => packageDirectory(path, name) !== undefined);
}

export function adapterOf(agent: KnownAgent): Adapter {
  const { packageName, platformPackages } = agent;
  return {
    ...agent,
    commandsOf: (_tool, input) => commandsOf(input),
    installation: (realPath) => {
      const directory = packageDirectory(realPath, packageName);
      if (directory !== undefined) {
        return [directory, ...platformPackages.map((name) => siblingPackage(directory, packageName, name))];
      }
      const platform = platformPackages
        .map((name) => packageDirectory(realPath, name))
        .find((path) => path !== undefined);
      return [platform ?? realPath];
    },
  };
}
