import type { JsonSchema } from "./form.ts";
import { profileForm } from "./source.ts";

/** The published JSON Schema of profiles, for editors; what is refused beyond it (addresses as names, `..`) is said when a profile is loaded. */
export function profileJsonSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Bailiwick profile, version 1",
    ...profileForm.schema,
  };
}
