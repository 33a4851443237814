/** `node tools/event-schema.ts`: writes the published JSON Schemas of events and entries from the zod schema that the product uses. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entryJsonSchema, eventJsonSchema } from "@bailiwick/audit";
import { format } from "prettier";

const directory = join(import.meta.dirname, "../docs/schema");
mkdirSync(directory, { recursive: true });
const schemas = { "event.v1.json": await eventJsonSchema(), "entry.v1.json": await entryJsonSchema() };
for (const [name, schema] of Object.entries(schemas)) {
  writeFileSync(join(directory, name), await format(JSON.stringify(schema), { parser: "json", printWidth: 120 }));
}
