import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import { configSchema, destinationSchema } from "./config.ts";
import { exportsJsonSchema } from "./index.ts";

const docs = join(import.meta.dirname, "../../../docs");

test("the published JSON Schema is that of the configuration; `node tools/exports-schema.ts` writes it", async () => {
  const published: unknown = JSON.parse(readFileSync(join(docs, "schema/exports.v1.json"), "utf8"));
  assert.deepEqual(published, await exportsJsonSchema());
});

test("every example of docs/exports.md is valid, and there is one for each type", () => {
  const examples = [...readFileSync(join(docs, "exports.md"), "utf8").matchAll(/```toml\n([^]*?)```/g)];
  const types = examples.flatMap(([, text = ""]) => {
    const { destinations } = configSchema.parse(parse(text));
    return Object.values(destinations).map(({ type }) => type);
  });
  assert.deepEqual(new Set(types), new Set(destinationSchema.options.map((option) => option.shape.type.value)));
});

describe("addresses", () => {
  const webhook = (url: string): boolean =>
    destinationSchema.safeParse({ type: "webhook", url, secret: { env: "S" } }).success;
  test("are https, or on this host", () => {
    for (const url of ["https://a.example/x", "http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost/"])
      assert.ok(webhook(url), url);
    for (const url of [
      "http://a.example/",
      "http://127.0.0.1.a.example/",
      "http://127.0.0.2/",
      "https://user@a.example/",
      "https://:p@a.example/",
      "ftp://a.example/",
      "file:///etc/passwd",
      "a.example",
    ])
      assert.ok(!webhook(url), url);
  });
});
