import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { AddressBook, SANDBOX_RANGE } from "./address-book.ts";

const small = { first: 0x0a000000, last: 0x0a000007 };

describe("AddressBook", () => {
  test("gives addresses of 198.18.0.0/15 from .0.2 on, the same for the same name", () => {
    const book = new AddressBook(SANDBOX_RANGE, 10, () => false);
    assert.equal(book.assign("a.test"), "198.18.0.2");
    assert.equal(book.assign("b.test"), "198.18.0.3");
    assert.equal(book.assign("a.test"), "198.18.0.2");
    assert.equal(book.nameOf("198.18.0.2"), "a.test");
    assert.equal(book.nameOf("::ffff:198.18.0.3"), "b.test");
    for (const other of ["198.18.0.1", "198.18.0.4", "127.0.0.1", "::1", "", "198.18.0.2.3", "198.18.0.258"]) {
      assert.equal(book.nameOf(other), undefined);
    }
  });

  test("gives up the names that were unused longest, never pinned ones or ones with a connection", () => {
    const book = new AddressBook(small, 4, (name) => name === "pinned.test");
    const pinned = book.assign("pinned.test");
    const busy = book.assign("busy.test");
    book.hold("busy.test");
    book.assign("a.test");
    book.assign("b.test");
    book.assign("a.test");
    assert.notEqual(book.assign("c.test"), undefined);
    assert.equal(book.nameOf("10.0.0.3"), undefined);
    assert.equal(book.nameOf("10.0.0.2"), "a.test");
    for (let index = 0; index < 100; index++) assert.notEqual(book.assign(`n${String(index)}.test`), undefined);
    assert.equal(book.assign("pinned.test"), pinned);
    assert.equal(book.assign("busy.test"), busy);
    book.release("busy.test");
    for (let index = 0; index < 3; index++) book.assign(`m${String(index)}.test`);
    assert.equal(book.nameOf(busy ?? ""), undefined);
  });

  test("is full when every name has a connection, and says so", () => {
    const book = new AddressBook(small, 2, () => false);
    for (const name of ["a.test", "b.test"]) {
      book.assign(name);
      book.hold(name);
    }
    assert.equal(book.assign("c.test"), undefined);
    book.release("a.test");
    assert.notEqual(book.assign("c.test"), undefined);
  });

  test("does not give an address again before the whole range was given", () => {
    const book = new AddressBook(small, 2, () => false);
    const given = Array.from({ length: 8 }, (_, index) => book.assign(`n${String(index)}.test`));
    assert.equal(new Set(given).size, 8);
  });

  test("any sequence: never two names for one address, never more than the capacity, held names keep theirs", () => {
    const step = fc.record({ act: fc.constantFrom("assign", "hold", "release"), name: fc.constantFrom(..."abcdefgh") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const book = new AddressBook(small, 4, () => false);
        const holds = new Map<string, { address: string; count: number }>();
        for (const { act, name } of steps) {
          if (act === "assign") book.assign(name);
          const held = holds.get(name);
          if (act === "hold") {
            const address = book.assign(name);
            if (address === undefined) continue;
            book.hold(name);
            holds.set(name, { address, count: (held?.count ?? 0) + 1 });
          }
          if (act === "release" && held !== undefined) {
            book.release(name);
            if (held.count === 1) holds.delete(name);
            else holds.set(name, { ...held, count: held.count - 1 });
          }
          for (const [who, { address }] of holds) assert.equal(book.nameOf(address), who);
          const used = Array.from({ length: 8 }, (_, index) => book.nameOf(`10.0.0.${String(index)}`)).filter(Boolean);
          assert.ok(used.length <= 4);
          assert.equal(new Set(used).size, used.length);
        }
      }),
    );
  });
});
