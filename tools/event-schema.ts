/** `node tools/event-schema.ts`: writes the published JSON Schema of events from the zod schema that the product uses. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { eventJsonSchema } from "@bailiwick/audit";
import { format } from "prettier";

const path = join(import.meta.dirname, "../docs/schema/event.v1.json");
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, await format(JSON.stringify(await eventJsonSchema()), { parser: "json", printWidth: 120 }));
