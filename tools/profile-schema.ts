/** `node tools/profile-schema.ts`: writes the published JSON Schema of profiles from the form that the product reads them by. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { profileJsonSchema } from "@bailiwick/sandbox";
import { format } from "prettier";

const path = join(import.meta.dirname, "../docs/schema/profile.v1.json");
writeFileSync(path, await format(JSON.stringify(profileJsonSchema()), { parser: "json", printWidth: 120 }));
