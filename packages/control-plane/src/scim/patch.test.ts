/** PATCH and filters as RFC 7644 has them, and as directories send them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ServerError } from "../../contract/errors.ts";
import { readGroup, readUser, type Attributes, type Kind } from "./attributes.ts";
import { parseFilter } from "./filter.ts";
import { applyPatch } from "./patch.ts";

const USER = {
  userName: "bjensen",
  externalId: "701984",
  active: true,
  displayName: "Babs Jensen",
  name: { familyName: "Jensen", givenName: "Barbara" },
  emails: [
    { value: "bjensen@example.com", type: "work", primary: true },
    { value: "babs@jensen.org", type: "home" },
  ],
} as const;
const GROUP = { displayName: "Tour Guides", members: [{ value: "babs" }, { value: "mandy" }] } as const;

type Change = Readonly<Record<string, unknown>>;

function patched(kind: Kind, ...operations: readonly Change[]): Attributes {
  const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
  const next = applyPatch(kind, kind === "User" ? USER : GROUP, { schemas, Operations: operations });
  return kind === "User" ? readUser(next) : readGroup(next);
}

function membersAfter(...operations: readonly Change[]): unknown[] {
  return readGroup(patched("Group", ...operations)).members.map(({ value }) => value);
}

function isRefused(error: unknown, code: string): boolean {
  return error instanceof ServerError && error.code === code;
}

describe("PATCH", () => {
  test("of a user: what is said changes and nothing else", () => {
    const [work, home] = USER.emails;
    const cases: readonly (readonly [what: string, Change, Change])[] = [
      ["replaces", { op: "replace", path: "displayName", value: "Babs" }, { displayName: "Babs" }],
      ["capitals", { op: "Replace", path: "active", value: "False" }, { active: false }],
      ["names in any case", { op: "replace", path: "DISPLAYNAME", value: "Babs" }, { displayName: "Babs" }],
      ["an object without a path", { op: "replace", value: { active: false } }, { active: false }],
      [
        "an object whose names are paths",
        { op: "Add", value: { "name.familyName": "Meyer", active: "True" } },
        { name: { ...USER.name, familyName: "Meyer" }, active: true },
      ],
      [
        "a path of the schema",
        { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", value: "Babs" },
        { name: { ...USER.name, givenName: "Babs" } },
      ],
      [
        "adds to a complex one",
        { op: "add", path: "name", value: { formatted: "B J" } },
        { name: { ...USER.name, formatted: "B J" } },
      ],
      [
        "replaces a complex one",
        { op: "replace", path: "name", value: { formatted: "B J" } },
        { name: { formatted: "B J" } },
      ],
      ["removes", { op: "remove", path: "displayName" }, { displayName: null }],
      [
        "one of many",
        { op: "Replace", path: 'emails[type eq "work"].value', value: "b@example.com" },
        { emails: [{ ...work, value: "b@example.com" }, home] },
      ],
      [
        "one of many that is not there yet",
        { op: "Add", path: 'emails[type eq "other"].value', value: "b@example.net" },
        { emails: [work, home, { type: "other", value: "b@example.net" }] },
      ],
      [
        "removes one of many",
        { op: "remove", path: 'emails[type eq "home" and value eq "babs@jensen.org"]' },
        { emails: [work] },
      ],
      [
        "removes a member",
        { op: "remove", path: 'emails[type eq "work"].primary' },
        { emails: [{ value: work.value, type: "work" }, home] },
      ],
      ["what is not kept", { op: "Add", path: "title", value: "Guide" }, {}],
      [
        "an extension",
        { op: "Add", path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", value: "Tours" },
        {},
      ],
      ["what nobody may write", { op: "replace", value: { id: "owner", meta: {}, groups: [] } }, {}],
      ["a password", { op: "replace", path: "password", value: "t1meMa$heen" }, {}],
    ];
    for (const [what, operation, change] of cases) {
      assert.deepEqual(patched("User", operation), readUser({ ...USER, ...change }), what);
    }
  });

  test("of a group's members", () => {
    assert.deepEqual(membersAfter({ op: "Add", path: "members", value: [{ value: "ann" }, { value: "babs" }] }), [
      "babs",
      "mandy",
      "ann",
    ]);
    assert.deepEqual(membersAfter({ op: "add", path: "members", value: { value: "ann", display: "Ann" } }), [
      "babs",
      "mandy",
      "ann",
    ]);
    assert.deepEqual(membersAfter({ op: "remove", path: 'members[value eq "babs"]' }), ["mandy"]);
    // Of Microsoft's: taken as the standard has it, this would empty the group.
    assert.deepEqual(membersAfter({ op: "Remove", path: "members", value: [{ value: "babs" }] }), ["mandy"]);
    assert.deepEqual(membersAfter({ op: "remove", path: 'members[value eq "nobody"]' }), ["babs", "mandy"]);
    assert.deepEqual(membersAfter({ op: "remove", path: "members" }), []);
    assert.deepEqual(membersAfter({ op: "replace", path: "members", value: [{ value: "ann" }] }), ["ann"]);
    assert.deepEqual(
      membersAfter(
        { op: "remove", path: 'members[value eq "babs"]' },
        { op: "add", path: "members", value: [{ value: "babs" }] },
      ),
      ["mandy", "babs"],
    );
  });

  test("that is none changes nothing and says so", () => {
    for (const operation of [
      { op: "move", path: "displayName", value: "x" },
      { op: "remove" },
      { op: "replace", value: "x" },
      { op: "replace", path: "emails[", value: "x" },
      { op: "replace", path: 'displayName[value eq "x"]', value: "x" },
      { op: "replace", path: "userName", value: 1 },
      { op: "remove", path: "userName" },
      { op: "replace", path: "active", value: "perhaps" },
    ]) {
      assert.throws(
        () => patched("User", operation),
        (error) => isRefused(error, "SERVER_MALFORMED"),
        JSON.stringify(operation),
      );
    }
    assert.throws(
      () => patched("User", { op: "remove", path: 'emails[type co "work"]' }),
      (error) => isRefused(error, "SERVER_FILTER_INVALID"),
    );
    assert.throws(
      () => applyPatch("User", USER, { Operations: [{ op: "add", value: {} }] }),
      (error) => isRefused(error, "SERVER_MALFORMED"),
    );
  });

  test("reaches nothing but the resource, whatever its paths are", () => {
    const names = fc.constantFrom("__proto__", "constructor", "prototype", "name", "emails", "value", "toString");
    const paths = fc
      .tuple(names, names, fc.constantFrom(".", "[value eq 1].", ":"))
      .map(([a, b, by]) => `${a}${by}${b}`);
    const values = fc.oneof(fc.string(), fc.dictionary(names, fc.string()), fc.constant(null));
    fc.assert(
      fc.property(fc.constantFrom("add", "replace", "remove"), fc.oneof(paths, names), values, (op, path, value) => {
        try {
          patched("User", { op, path, value });
          patched("User", { op: "add", value: JSON.parse(`{"${path}":${JSON.stringify(value)}}`) as unknown });
        } catch (error) {
          if (!(error instanceof ServerError)) throw error;
        }
        assert.deepEqual(Object.keys(Object.prototype), []);
        assert.equal(({} as Record<string, unknown>)["value"], undefined);
      }),
    );
  });
});

describe("a filter", () => {
  test("is one or more equalities", () => {
    assert.deepEqual(parseFilter('userName eq "bjensen"'), [{ path: "userName", value: "bjensen" }]);
    assert.deepEqual(parseFilter('externalId EQ "a \\"b\\" and c" AND active eq True'), [
      { path: "externalId", value: 'a "b" and c' },
      { path: "active", value: true },
    ]);
  });

  test("that the server does not know is refused, never taken for another one", () => {
    for (const text of [
      "",
      "userName",
      'userName eq "x',
      'userName eq "x" or id eq "y"',
      'not (userName eq "x")',
      'userName co "x"',
      'userName eq "x" and',
      'userName eq "x"; id eq "y"',
      'userName eq "\\x"',
      Array.from({ length: 11 }, () => 'id eq "x"').join(" and "),
    ]) {
      assert.throws(
        () => parseFilter(text),
        (error) => isRefused(error, "SERVER_FILTER_INVALID"),
        text,
      );
    }
  });
});
