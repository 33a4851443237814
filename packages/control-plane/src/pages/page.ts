/** Pages that the server itself makes: HTML without scripts (but for those of script-page.ts), whose every text is escaped where it is put in. */
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

export type Html = ReturnType<typeof html>;

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}" +
  "dt{font-weight:600;margin-top:.75rem}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}" +
  "td,th{text-align:left;padding:.25rem 1rem .25rem 0}input{font:inherit}[role=alert]{border-left:.25rem solid;padding-left:1rem}" +
  "code{font-family:ui-monospace,monospace}button{font:inherit;padding:.5rem 1rem;margin:1rem .5rem 0 0}";
// Of the very bytes, which therefore stand apart from what lays out templates.
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** @param more what a page may besides: directives, each with its `; ` */
export function policyWith(more: string): string {
  return `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; ${more}form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}

/** No script, no frame, nothing from elsewhere; and the address of the page, which may hold a secret, is told to nobody. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": policyWith(""),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "x-robots-tag": "noindex",
} as const;

export async function page(title: string, body: Html): Promise<string> {
  const whole = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;
  return whole.toString();
}

export async function errorPage(message: string, remedy: string | undefined): Promise<string> {
  return await page(
    "This can't be done",
    html`<p>${message}</p>
      ${remedy === undefined ? "" : html`<p>${remedy}</p>`}`,
  );
}
