/** `node tools/exports-schema.ts`: writes the published JSON Schema of exports.toml from the zod schema that the product reads it by. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportsJsonSchema } from "@bailiwick/exports";
import { format } from "prettier";

const path = join(import.meta.dirname, "../docs/schema/exports.v1.json");
writeFileSync(path, await format(JSON.stringify(await exportsJsonSchema()), { parser: "json", printWidth: 120 }));
