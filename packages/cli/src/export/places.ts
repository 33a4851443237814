import { join } from "node:path";
import { configDirectory, locateStateDirectory } from "@bailiwick/run";

/** Where an export finds what it needs. */
export interface ExportPlaces {
  readonly config: string;
  readonly record: string;
  readonly cursors: string;
}

export function exportPlaces(environment: NodeJS.ProcessEnv): ExportPlaces {
  const state = locateStateDirectory(environment);
  return {
    config: join(configDirectory(environment), "exports.toml"),
    record: state.log,
    cursors: join(state.root, "exports"),
  };
}
