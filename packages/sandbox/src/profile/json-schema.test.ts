import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { profileJsonSchema } from "./json-schema.ts";

test("the published JSON Schema is that of profiles; `node tools/profile-schema.ts` writes it", () => {
  const published: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../../docs/schema/profile.v1.json"), "utf8"),
  );
  assert.deepEqual(published, JSON.parse(JSON.stringify(profileJsonSchema())));
});
