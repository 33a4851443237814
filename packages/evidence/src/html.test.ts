import assert from "node:assert/strict";
import { test } from "node:test";
import { list, table, text, title } from "./document.ts";
import { toHtml } from "./html.ts";

test("nothing that an agent chose is markup", () => {
  const attack = `<img src=x onerror="alert(1)">'&`;
  const page = toHtml([
    title(attack),
    text(attack),
    list([attack]),
    table({ [attack]: 1 }, [[attack]]),
    table({ "": 1 }, [[attack]]),
  ]);
  assert.doesNotMatch(page, /<img|onerror="/);
  assert.equal(page.match(/&lt;img src=x onerror=&quot;alert\(1\)&quot;&gt;&#39;&amp;/g)?.length, 7);
  assert.match(page, /default-src 'none'/);
  assert.doesNotMatch(page, /<script|https?:/);
});
