import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { entryJsonSchema, eventJsonSchema, loadEventSchema } from "./queries.ts";

test("the published JSON Schema is that of the events; `node tools/event-schema.ts` writes it", async () => {
  const published: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../docs/schema/event.v1.json"), "utf8"),
  );
  assert.deepEqual(published, await eventJsonSchema());
});

test("so is that of the entries, which have no personal member", async () => {
  const published: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../docs/schema/entry.v1.json"), "utf8"),
  );
  const schema = await entryJsonSchema();
  assert.deepEqual(published, schema);
  const text = JSON.stringify(schema);
  for (const name of ["workspace", "argv", "command", "cwd", "paths", "host", "address", "instead", "hostname"]) {
    assert.ok(!text.includes(`"${name}"`), name);
  }
  for (const name of ["private", "policyDigest", "policies", "outcome", "counts"])
    assert.ok(text.includes(`"${name}"`), name);
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
