import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { loadSecretFinder } from "@bailiwick/secrets";
import { CodeIndex } from "./code-index.ts";
import { LeakWatch } from "./leak-watch.ts";
import type { Leak } from "./text-scanner.ts";

const finder = await loadSecretFinder();
const TOKEN = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789"}`;
const MASKED = "pa55-of-the-vault/é";
const CODE = Array.from(
  { length: 60 },
  (_, line) =>
    `export function step${String(line * 7919)}(left: number, right: string): boolean {\n  return left > ${String(line)} && right.includes("${String(line ** 3)}");\n}\n`,
).join("");
const index = new CodeIndex();
index.add(Buffer.from(CODE));

const watch = (budget: number | undefined = 200): LeakWatch =>
  new LeakWatch({
    finder,
    values: [{ value: MASKED, kind: ".env" }],
    code: () => Promise.resolve(index),
    budgetOf: (host) => (host === "model.test" ? undefined : budget),
  });

async function send(
  pieces: readonly Uint8Array[],
  { codings = [] as string[], host = "host.test", by = watch() } = {},
): Promise<Leak[]> {
  const body = await by.body(host, codings);
  const found: Leak[] = [];
  for (const piece of pieces) found.push(...(await body.take(piece)));
  return [...found, ...(await body.finish())];
}

const kinds = (leaks: readonly Leak[]): string[] => leaks.map(({ kind, what }) => `${kind} ${what}`).sort();
const text = (...parts: string[]): Buffer[] => parts.map((part) => Buffer.from(part));

const base64 = (value: string): string => Buffer.from(value).toString("base64");
const SPELLINGS: readonly (readonly [string, string])[] = [
  ["as it is", `token=${TOKEN}`],
  ["in JSON", JSON.stringify({ messages: [{ content: `my "key"\n${TOKEN}\n` }] })],
  ["in JSON in JSON", JSON.stringify({ inner: JSON.stringify({ inner: JSON.stringify({ text: `\t${TOKEN}` }) }) })],
  [
    "with \\u escapes",
    `{"a":"${[...TOKEN].map((character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"}`,
  ],
  ["in a form", `d=${[...TOKEN].map((character) => `%${character.charCodeAt(0).toString(16)}`).join("")}`],
  ["in base 64", base64(`here it is: ${TOKEN} and more`)],
  ["in base 64 of base 64", base64(base64(`here it is: ${TOKEN} and more`))],
  ["in base 64 for URLs", Buffer.from(`~~~?>${TOKEN}`).toString("base64url")],
  [
    "in lines of base 64",
    `Content-Transfer-Encoding: base64\r\n\r\n${(base64(`${TOKEN} ${"x".repeat(90)}`).match(/.{1,76}/g) ?? []).join("\r\n")}\r\n`,
  ],
  ["in hexadecimal digits", Buffer.from(`is ${TOKEN}`).toString("hex")],
  ["in gzip in base 64", gzipSync(`it is ${TOKEN}`).toString("base64")],
  ["in zlib in base 64", deflateSync(`it is ${TOKEN}`).toString("base64")],
  ["in a part of a form", `--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n${TOKEN}\r\n--x--`],
];

describe("a secret is found", () => {
  for (const [how, body] of SPELLINGS) {
    test(`${how}, and not without it`, async () => {
      assert.deepEqual(kinds(await send(text(body))), ["secret github"]);
      assert.deepEqual(
        await send(text("nothing of the kind, 0123456789 0123456789 abcdefghijklmnopqrstuvwxyz".repeat(9))),
        [],
      );
    });
  }

  for (const [coding, compress] of [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    test(`within a body in ${coding}, whole and byte by byte`, async () => {
      const bytes = compress(`{"text":"${"a ".repeat(3000)}${TOKEN}"}`);
      assert.deepEqual(kinds(await send([bytes], { codings: [coding] })), ["secret github"]);
      assert.deepEqual(
        kinds(
          await send(
            [...bytes].map((byte) => Uint8Array.of(byte)),
            { codings: [coding] },
          ),
        ),
        ["secret github"],
      );
    });
  }

  test("within two codings, one over the other", async () => {
    const bytes = brotliCompressSync(gzipSync(TOKEN));
    assert.deepEqual(kinds(await send([bytes], { codings: ["gzip", "br"] })), ["secret github"]);
  });

  test("wherever a body is cut", async () => {
    const body = Buffer.from(`${"before ".repeat(40)}${TOKEN} ${MASKED}${" behind".repeat(40)}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: body.length }), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), body.length];
        const pieces = at.slice(1).map((end, number) => body.subarray(at[number], end));
        assert.deepEqual(kinds(await send(pieces)), ["masked .env", "secret github"]);
      }),
      { numRuns: 60 },
    );
  });

  test("by a sample that is no use to anybody", async () => {
    const [leak] = await send(text(TOKEN));
    assert.equal(leak?.sample, "ghp_… (40 characters)");
    const [masked] = await send(text(MASKED));
    assert.deepEqual([masked?.what, masked?.sample], [".env", ""]);
  });

  test("when it is sent a few letters a request, and not by way of another host", async () => {
    const by = watch();
    const sent: Leak[] = [];
    for (let at = 0; at < TOKEN.length; at += 5) {
      sent.push(...(await by.join(at % 2 === 0 ? "a.test" : "a.test", TOKEN.slice(at, at + 5))));
      assert.deepEqual(await by.join("b.test", "x".repeat(3)), []);
    }
    assert.deepEqual(kinds(sent), ["secret github"]);
  });
});

describe("code of the workspace", () => {
  const part = CODE.slice(1500, 3500);

  for (const [how, body] of [
    ["as it is", part],
    ["in JSON", JSON.stringify({ text: part })],
    ["in JSON in JSON", JSON.stringify({ a: JSON.stringify({ text: part }) })],
    ["in a form", encodeURIComponent(part)],
    ["in other white space", part.replaceAll(/\s+/g, "\n\t ")],
    ["in base 64", base64(part)],
    ["in gzip in base 64", gzipSync(part).toString("base64")],
    ["among other text", `${"lorem ipsum dolor sit amet ".repeat(50)}${part}${" consetetur".repeat(50)}`],
  ] as const) {
    test(`is found ${how}`, async () => {
      assert.deepEqual(kinds(await send(text(body))), ["code workspace"]);
    });
  }

  test("as little as the budget goes, also in many requests; other code and the same code again cost nothing", async () => {
    const by = watch(1_000);
    const piece = (at: number): Buffer[] => text(CODE.slice(at, at + 600));
    assert.deepEqual(await send(piece(0), { by }), []);
    for (let again = 0; again < 5; again++) assert.deepEqual(await send(piece(0), { by }), []);
    assert.deepEqual(await send(text(CODE.replaceAll(/step|left|right/g, "other").slice(0, 3000)), { by }), []);
    assert.deepEqual(await send(piece(0), { by, host: "elsewhere.test" }), []);
    await send(piece(1200), { by });
    assert.deepEqual(kinds(await send(piece(3000), { by })), ["code workspace"]);
  });

  test("any amount may go where it may", async () => {
    assert.deepEqual(await send(text(CODE), { host: "model.test" }), []);
  });

  test("two lines are found wherever they stand: what winnowing promises", async () => {
    const lines = CODE.split("\n");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(lines.length - 8),
        fc.string({ maxLength: 200 }),
        fc.string({ maxLength: 200 }),
        async (at, before, behind) => {
          const body = `${before} ${lines.slice(at, at + 6).join("\n")} ${behind}`;
          assert.deepEqual(kinds(await send(text(body), { by: watch(10) })), ["code workspace"]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("what cannot be looked into is said", () => {
  test("an unknown coding, a damaged one, one that grows without end", async () => {
    assert.match(kinds(await send(text("x"), { codings: ["exotic"] })).join(), /^unreadable content coding exotic$/);
    assert.match(kinds(await send(text("no gzip at all, none"), { codings: ["gzip"] })).join(), /unreadable damaged/);
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    assert.match(kinds(await send([bomb], { codings: ["gzip"] })).join(), /unreadable .*grows/);
  });

  test("and an empty body is none", async () => {
    assert.deepEqual(await send([], { codings: ["gzip"] }), []);
  });
});
