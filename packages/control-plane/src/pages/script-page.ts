/**
 * Pages that ask the server's API for what they show, by a script of the server's. They are the same for everybody. Such a script is there
 * where a page has to speak to a passkey, or to read what stands behind the `#` of its address, which nothing else can.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { html } from "hono/html";
import { page, PAGE_HEADERS, policyWith } from "./page.ts";

const SCRIPT_PATH = "/pages/passkeys.js";

/** The one script, beside the bundle of the command; undefined where it was not built. */
export function readScript(): { readonly path: string; readonly bytes: Buffer } | undefined {
  const file = fileURLToPath(new URL(`.${SCRIPT_PATH}`, import.meta.url));
  return existsSync(file) ? { path: SCRIPT_PATH, bytes: readFileSync(file) } : undefined;
}

export const SCRIPT_PAGE_HEADERS = {
  ...PAGE_HEADERS,
  "content-security-policy": policyWith("script-src 'self'; connect-src 'self'; "),
} as const;

export const SCRIPT_HEADERS = {
  "content-type": "text/javascript; charset=utf-8",
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
} as const;

export type ScriptPage = "passkeys" | "question" | "link" | "invitation" | "sign-in" | "device";

/** @param kind of page: the script knows each by its name */
export async function scriptPage(title: string, kind: ScriptPage): Promise<string> {
  return await page(
    title,
    html`<div id="page" data-kind="${kind}">
        <p>This page needs JavaScript: to speak to your passkey, or to read the link.</p>
      </div>
      <script type="module" src="${SCRIPT_PATH}"></script>`,
  );
}
