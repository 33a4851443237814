/** The host that a request says is the one that was dialled, as the URL parser reads it, and goes on in one spelling. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { plainAuthority, screenRequest } from "./screen.ts";

const [HOST, PORT] = ["api.test", 8443];
const piece = fc.constantFrom(
  ...[
    "api.test",
    "API.test",
    "evil.test",
    ".",
    "..",
    ":",
    "8443",
    "443",
    "08443",
    "@",
    "user@",
    "\0",
    "%2e",
    "%00",
    " ",
    "\t",
    ",",
    "/",
    "\\",
    "#",
    "?",
    "[",
    "]",
  ],
  ...["\uff0e", "\u3002", "\u00ad", "\u212a", "127.0.0.1", "2130706433", "[::1]", "x"],
);
const authority = fc.oneof(
  fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join("")),
  fc.webAuthority({ withPort: true, withUserInfo: true }),
);

function isTaken(said: string): boolean {
  const request = { method: "GET", target: "/", authorities: [said], fields: [], upgrade: undefined };
  return screenRequest({ ...request, version: "1.1" }, HOST, PORT) === undefined;
}

test("what is taken for the host is the host to the URL parser, too; what goes on is one text", () => {
  let taken = 0;
  fc.assert(
    fc.property(authority, (said) => {
      const plain = plainAuthority(said);
      assert.equal(plainAuthority(plain), plain);
      if (!isTaken(said)) return;
      taken += 1;
      const url = new URL(`https://${said}/`);
      assert.equal(url.hostname.replace(/\.$/, ""), HOST);
      assert.ok(url.port === "" || url.port === String(PORT));
      assert.deepEqual([url.username, url.password, url.pathname], ["", "", "/"]);
      assert.ok([HOST, `${HOST}:${String(PORT)}`].includes(plain), JSON.stringify(said));
    }),
    { numRuns: 5_000 },
  );
  assert.ok(taken > 0);
});
