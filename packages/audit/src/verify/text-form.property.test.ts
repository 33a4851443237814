import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EVERY_EVENT } from "../../test/every-event.ts";
import { DIGEST } from "../../test/fixtures.ts";
import { eventSchema, type Event } from "../events.ts";
import { isMembers, joinEvent, splitEvent } from "../personal.ts";
import { isBriefType } from "./facts.ts";
import { TextForms } from "./text-form.ts";

const RUN = "01".repeat(13);
const forms = new TextForms();
const types = (Object.keys(EVERY_EVENT) as Event["type"][]).filter(isBriefType);

function partsOf(type: Event["type"]): readonly [open: unknown, personal: unknown] {
  const { open, personal } = splitEvent(type, { v: 1, run: RUN, type, at: 1_760_000_000_000.25, ...EVERY_EVENT[type] });
  return [open, personal ?? {}];
}

/** Whether the two texts have the usual form. */
function isUsual(open: string, personal: string): boolean {
  const form = forms.find(open);
  if (form === undefined) return false;
  const [entry, members] = [form.entry.exec(open), form.personal.exec(personal)];
  if (entry === null || members === null) return false;
  const list = form.groups.list === 0 ? undefined : entry[form.groups.list];
  return (list === undefined) === (members[1] === undefined);
}

function isEvent(open: string, personal: string): boolean {
  try {
    return eventSchema.safeParse(joinEvent(JSON.parse(open), JSON.parse(personal))).success;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

describe("the usual form of an event", () => {
  test("is what the writer writes, also of every event without what may be absent", () => {
    for (const type of types) {
      const [open, personal] = partsOf(type).map((part) => JSON.stringify(part));
      assert.ok(isUsual(open ?? "", personal ?? ""), type);
      assert.ok(isEvent(open ?? "", personal ?? ""), type);
    }
    const bare = partsOf("exec.allowed").map((part) =>
      JSON.stringify(part).replace(/,"(?:also":\[[^\]]*\]|instead":"i")/, ""),
    );
    assert.ok(!bare.join().includes("also") && isUsual(bare[0] ?? "", bare[1] ?? ""));
  });

  test("gives the numbers that others need", () => {
    const [open] = partsOf("exec.allowed").map((part) => JSON.stringify(part));
    const form = forms.find(open ?? "");
    const found = form?.entry.exec(open ?? "");
    assert.ok(form !== undefined && found !== null && found !== undefined);
    assert.deepEqual([found[form.groups.id], found[form.groups.call]], ["1", "1"]);
    assert.deepEqual(JSON.parse(`[${found[form.groups.list] ?? ""}]`), [{ digest: DIGEST }]);
  });

  test("a list in one part and not in the other is not usual, nor is one of several", () => {
    const [open, personal] = partsOf("exec.allowed").map((part) => JSON.stringify(part));
    const without = (text = ""): string => text.replace(/"also":\[[^\]]*\],/, "");
    assert.ok(isUsual(without(open), without(personal)));
    assert.ok(!isUsual(open ?? "", without(personal)) && !isEvent(open ?? "", without(personal)));
    assert.ok(!isUsual(without(open), personal ?? ""));
    const twice = (text = ""): string => text.replace(/"also":\[([^\]]*)\]/, '"also":[$1,$1]');
    assert.ok(!isUsual(twice(open), twice(personal)) && isEvent(twice(open), twice(personal)));
  });

  test("whatever has it is an event: values, members and bytes changed anywhere", () => {
    const type = fc.constantFrom(...types);
    const change = fc.record({
      inPersonal: fc.boolean(),
      at: fc.nat(),
      value: fc.oneof(
        fc.jsonValue({ maxDepth: 1 }),
        fc.constantFrom("sha256:", -1, 0, 1.5, 1e21, 65_536, true, "allow", []),
      ),
      how: fc.constantFrom("replace", "remove", "add"),
    });
    const edits = fc.array(fc.record({ inPersonal: fc.boolean(), at: fc.nat(), text: fc.string({ maxLength: 3 }) }), {
      maxLength: 2,
    });
    let usual = 0;
    fc.assert(
      fc.property(type, fc.array(change, { maxLength: 2 }), edits, (of, changes, bytes) => {
        const parts = structuredClone(partsOf(of));
        for (const { inPersonal, at, value, how } of changes) changeAt(parts[inPersonal ? 1 : 0], at, { how, value });
        const texts: [string, string] = [JSON.stringify(parts[0]), JSON.stringify(parts[1])];
        for (const { inPersonal, at, text } of bytes) {
          const part = inPersonal ? 1 : 0;
          const place = at % texts[part].length;
          texts[part] = texts[part].slice(0, place) + text + texts[part].slice(place + 1);
        }
        if (!isUsual(...texts)) return;
        usual += 1;
        assert.ok(isEvent(...texts), texts.join("\n"));
      }),
      { numRuns: 20_000 },
    );
    assert.ok(usual > 1_000, String(usual));
  });
});

interface Change {
  readonly how: string;
  readonly value: unknown;
}

/** Changes one member of a part, of those that lie anywhere in it. */
function changeAt(part: unknown, at: number, { how, value }: Change): void {
  const places: [Record<string, unknown>, string][] = [];
  const visit = (inner: unknown): void => {
    if (Array.isArray(inner)) inner.forEach(visit);
    if (!isMembers(inner)) return;
    for (const name of Object.keys(inner)) {
      places.push([inner, name]);
      visit(inner[name]);
    }
  };
  visit(part);
  const [members, name] = places[at % Math.max(1, places.length)] ?? [];
  if (members === undefined || name === undefined) return;
  if (how === "remove") delete members[name];
  else members[how === "add" ? `${name}x` : name] = value;
}
