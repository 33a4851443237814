import type { Profile } from "../profile-types.ts";
import type { ProfileSource } from "./source.ts";

type RecordingSource = NonNullable<ProfileSource["recording"]>;

/** Where no profile says how much: hours of a busy terminal. */
const DEFAULT_BYTES = 256 * 10 ** 6;

/**
 * Merges what layers say of the recording, the outermost first. A layer that says that there is one is not overruled by a later one, and of
 * lengths the largest counts: whoever is recorded does not end that. Where nobody says anything, terminals are recorded.
 * Whether recordings leave the host is for the outermost layer that says it, either way; where nobody says it, they stay.
 */
export function mergeRecording(layers: readonly RecordingSource[]): Profile["recording"] {
  const said = layers.flatMap(({ terminal }) => terminal ?? []);
  const sizes = layers.flatMap((layer) => layer["max-size"] ?? []);
  return {
    terminal: said.length === 0 || said.includes(true),
    maxBytes: sizes.length === 0 ? DEFAULT_BYTES : Math.max(...sizes),
    send: layers.find(({ send }) => send !== undefined)?.send ?? false,
  };
}
