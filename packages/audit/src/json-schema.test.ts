import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventJsonSchema, loadEventSchema } from "./queries.ts";

test("the published JSON Schema is that of the events; `node tools/event-schema.ts` writes it", async () => {
  const published: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../docs/schema/event.v1.json"), "utf8"),
  );
  assert.deepEqual(published, await eventJsonSchema());
});

test("it has one form for each type of event", async () => {
  const { oneOf } = (await eventJsonSchema()) as { oneOf: { properties: { type: { const: string } } }[] };
  const types = (await loadEventSchema()).options.map((option) => option.shape.type.value);
  assert.deepEqual(
    oneOf.map((form) => form.properties.type.const),
    types,
  );
  assert.equal(new Set(types).size, types.length);
});
