import cedar from "@cedar-policy/cedar-wasm/nodejs";
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { connect, exec, http } from "../../test/requests.ts";
import { SCHEMA } from "../schema.ts";
import { ATTRIBUTES, Facts } from "./facts.ts";
import { entitiesOf, subjectsOf } from "./subject.ts";

/** The attributes of an action's context in the schema, with their types. */
function schemaAttributes(action: string): Readonly<Record<string, string>> {
  const answer = cedar.schemaToJson(SCHEMA);
  assert.equal(answer.type, "success");
  if (answer.type !== "success") throw new Error("unreachable");
  const context = answer.json[""]?.actions[action]?.appliesTo?.context;
  assert.ok(context !== undefined && "attributes" in context);
  return Object.fromEntries(
    Object.entries(context.attributes).map(([name, type]) => {
      assert.notEqual(type.required, false, `${name} is optional: reading it could fail`);
      return [name, "element" in type ? "Set" : "name" in type ? String(type.name) : type.type];
    }),
  );
}

for (const request of [exec(["git", "push"]), connect("example.com", 443), http("GET", "example.com")]) {
  test(`every attribute of ${request.action} in the schema has a fact of its type, and no other`, () => {
    const [subject] = subjectsOf(request);
    assert.ok(subject !== undefined);
    const facts = new Facts(subject, entitiesOf(subject), false);
    const attributes = schemaAttributes(request.action);
    assert.deepEqual(
      Object.keys(ATTRIBUTES)
        .filter((name) => facts.has(name))
        .sort(),
      Object.keys(attributes).sort(),
    );
    for (const [name, type] of Object.entries(attributes)) {
      const value = facts.get(name);
      const found =
        value instanceof Set
          ? "Set"
          : { object: "Leak", string: "String", number: "Long", boolean: "Bool" }[typeof value as "string"];
      assert.equal(found, type.replace("Boolean", "Bool"), name);
    }
  });
}
