/** git and npm over what is looked into, with rule sets and credentials of a profile: as a company would set them up. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:https";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { makeRepository, serveGit } from "../support/git-server.ts";
import { makePlace, ofType, runGoverned, type Governed } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";
import { packTiny, tinyPackument } from "../support/npm-package.ts";

const SECRET = "git-secret-git-secret-git-secret";
const place = makePlace();
const authority = makeAuthority();
const repositories = join(place.root, "repositories");
let server: Server;
let port = 0;
let tarball: Buffer = Buffer.alloc(0);
const seen: string[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method = "", url = "", headers } = request;
  seen.push(`${method} ${url}`);
  if (headers.host?.startsWith("registry.test") === true) registry(request, response);
  else if (
    /^\/acme.*git-receive-pack/.test(url) &&
    headers.authorization !== `Basic ${Buffer.from(`bot:${SECRET}`).toString("base64")}`
  ) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
  } else serveGit(repositories, request, response);
}

function registry({ method, url = "" }: IncomingMessage, response: ServerResponse): void {
  if (method === "GET" && /^\/@acme(%2f|\/)tiny$/i.test(url)) {
    response.setHeader("content-type", "application/json");
    const at = `https://registry.test:${String(port)}/@acme/tiny/-/tiny-1.0.0.tgz`;
    response.end(JSON.stringify(tinyPackument(tarball, at)));
  } else if (method === "GET" && url.endsWith(".tgz")) response.end(tarball);
  else response.writeHead(method === "PUT" ? 201 : 404).end("{}");
}

before(async () => {
  for (const name of ["acme/app.git", "evil/drop.git"]) {
    mkdirSync(join(repositories, name, ".."), { recursive: true });
    makeRepository(repositories, name);
  }
  tarball = packTiny(place);
  ({ server, port } = await serveHttps(authority.identityOf("git.test", "registry.test"), answer));
});
after(() => {
  server.close();
  server.closeAllConnections();
  authority.remove();
  place.remove();
});
beforeEach(() => {
  seen.length = 0;
});

const profile = (): string => `extends = "standard"
[network]
allow = ["git.test:${String(port)}", "registry.test:${String(port)}"]
trust = ["${authority.file}"]
[network.hosts]
"git.test" = "127.0.0.1"
"registry.test" = "127.0.0.1"
[network.rules.git]
hosts = ["git.test"]
owners = ["acme"]
[network.rules.npm]
hosts = ["registry.test"]
[credentials.git]
hosts = ["git.test"]
paths = ["/acme/**"]
kind = "basic"
username = "bot"
source = { env = "GIT_SECRET" }
always = true
`;
const run = async (script: string): Promise<Governed> =>
  await runGoverned(place, { argv: ["sh", "-ec", script], profile: profile(), env: { GIT_SECRET: SECRET } });
const git = (owner: string): string => `https://git.test:${String(port)}/${owner}`;
const identity = "git config user.name t; git config user.email t@t.test";

describe("git over HTTPS", () => {
  test("clones and fetches from anywhere", async () => {
    const { status, stderr, events } = await run(
      `git clone -q ${git("evil/drop.git")} c1 && cd c1 && git fetch -q && git log --oneline`,
    );
    assert.equal(status, 0, stderr);
    assert.ok(
      ofType(events, "request.sent").some(
        ({ path, method }) => method === "POST" && path === "/evil/drop.git/git-upload-pack",
      ),
    );
    const program = ofType(events, "exec.allowed").find(({ exec }) => exec === ofType(events, "request.sent")[0]?.exec);
    assert.match(program?.program.path ?? "", /git-remote-http/);
  });

  test("pushes to the company's own, with a credential that git knows nothing of", async () => {
    const { status, stderr, events } = await run(
      `git clone -q ${git("acme/app.git")} c2 && cd c2 && ${identity} && git commit -q --allow-empty -m second && git push -q origin HEAD:refs/heads/feature`,
    );
    assert.equal(status, 0, stderr);
    const pushed = execFileSync("git", ["-C", join(repositories, "acme/app.git"), "log", "--format=%s", "feature"], {
      encoding: "utf8",
    });
    assert.equal(pushed, "second\nfirst\n");
    assert.ok(
      ofType(events, "request.sent").some(
        ({ credential, path }) => credential === "git" && path.endsWith("/git-receive-pack"),
      ),
    );
    assert.ok(!JSON.stringify(events).includes(SECRET) && !stderr.includes(SECRET));
  });

  test("pushes nowhere else, and git shows why", async () => {
    // The push is committed under the same name; that the standard policies allow it is the point: the rule is about the request.
    const { status, stderr, events } = await run(
      `git clone -q ${git("evil/drop.git")} c3 && cd c3 && ${identity} && git commit -q --allow-empty -m stolen && git push origin HEAD:refs/heads/feature`,
    );
    assert.notEqual(status, 0);
    assert.match(stderr, /403/);
    const refused = ofType(events, "request.refused");
    assert.ok(refused.length > 0);
    assert.deepEqual(
      refused.map(({ decision }) => decision.policies),
      refused.map(() => ["rules.git.push"]),
    );
    assert.equal(
      execFileSync("git", ["-C", join(repositories, "evil/drop.git"), "branch", "--list", "feature"], {
        encoding: "utf8",
      }),
      "",
    );
  });
});

describe("npm", () => {
  const registryUrl = (): string => `https://registry.test:${String(port)}/`;
  test("installs, scoped names as well", async () => {
    const { status, stderr } = await run(
      `mkdir n && cd n && npm install --no-audit --no-fund --no-update-notifier --registry ${registryUrl()} @acme/tiny`,
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual(seen, ["GET /@acme%2ftiny", "GET /@acme/tiny/-/tiny-1.0.0.tgz"]);
  });

  test("never publishes, by whatever client", async () => {
    const { stdout, events } = await run(
      `node -e 'fetch("${registryUrl()}@acme%2ftiny", { method: "PUT", body: "{}", headers: { accept: "application/json" } }).then(async (a) => console.log(a.status, (await a.json()).message))'`,
    );
    assert.match(
      stdout,
      /^403 bailiwick: refused: publishing to a package registry is for people \[policy rules\.npm\.read\]/,
    );
    assert.deepEqual(seen, []);
    assert.equal(ofType(events, "request.refused")[0]?.method, "PUT");
  });
});
