/** The web console's files, as the build made them. Read once at the start: no request ever names a path of the disk. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";

/** The console's own paths: each is its one page, so that links into it work. Never one of the API. */
const PAGES = [
  ...["/", "/runs", "/runs/:run{[0-9a-z]+}", "/runs/:run{[0-9a-z]+}/events/:seq{[0-9]+}"],
  ...["/search", "/approvals", "/approvals/:question{[A-Za-z0-9_-]+}"],
  ...["/tasks", "/tasks/:task{[a-z0-9-]+}"],
  ...["/hosts", "/hosts/:host{[a-z0-9-]+}"],
  ...["/audit", "/audit/check", "/audit/:index{[0-9]+}", "/audit/runs/:run{[0-9a-z]+}/:seq{[0-9]+}"],
  "/evidence",
  ...["/policies", "/policies/versions/:version{p-[0-9a-f]+}"],
  ...["/people", "/people/:person{[a-z0-9-]+}", "/roles", "/access", "/settings"],
  ...["/policies/layers/:type{[A-Za-z]+}/:name", "/policies/edit/:type{[A-Za-z]+}/:name"],
];
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};
const ENCODINGS = [
  { name: "br", ending: ".br" },
  { name: "gzip", ending: ".gz" },
] as const;

/** What an agent wrote is on these pages: even if a text of it became markup, nothing of it would run, load or send. */
const SECURITY = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  vary: "accept-encoding",
} as const;

/** Beside the bundle of the command; undefined where the console was not built. */
export function locateConsole(): string | undefined {
  const directory = fileURLToPath(new URL("./console/", import.meta.url));
  return existsSync(join(directory, "index.html")) ? directory : undefined;
}

/** Adds the console's files to an app that has no other route for their paths. */
export function serveConsole(app: Hono<{ Bindings: HttpBindings }>, directory: string): void {
  const files = new Map<string, Buffer>(
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((path) => extname(path) !== "" && existsSync(join(directory, path)))
      .map((path) => [`/${path}`, readFileSync(join(directory, path))] as const),
  );
  const answer = (path: string, cacheControl: string, accepted: string): Response => {
    const encoding = ENCODINGS.find(({ name, ending }) => accepts(accepted, name) && files.has(path + ending));
    const bytes = files.get(path + (encoding?.ending ?? "")) ?? new Uint8Array();
    return new Response(new Uint8Array(bytes), {
      headers: {
        ...SECURITY,
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "cache-control": cacheControl,
        ...(encoding && { "content-encoding": encoding.name }),
      },
    });
  };
  for (const page of PAGES) {
    app.on("GET", page, (context) => answer("/index.html", "no-cache", context.req.header("accept-encoding") ?? ""));
  }
  for (const path of files.keys()) {
    if (!path.startsWith("/assets/") || TYPES[extname(path)] === undefined) continue;
    // Their names have a digest of what they hold.
    app.on("GET", path, (context) =>
      answer(path, "public, max-age=31536000, immutable", context.req.header("accept-encoding") ?? ""),
    );
  }
}

function accepts(header: string, name: string): boolean {
  return header.split(",").some((each) => {
    const [coding = "", weight = ""] = each.split(";").map((part) => part.trim());
    return coding === name && !/^q=0(\.0*)?$/.test(weight);
  });
}
