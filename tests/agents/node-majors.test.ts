/**
 * The sandbox's sockets reach Node over its child-process channel, whose frames Node documents for children that are Node only. So every
 * major version that is supported is tried: the DNS socket, a listener, and a connection into the sandbox, through the shipped command.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { bailiwick, makePlace, ofType, readEvents } from "../support/governed.ts";
import { installNode } from "./install.ts";

/** The oldest that is supported, the newest of its major, and the one that the repository brings. */
const VERSIONS = ["22.18.0", "22.23.3", process.versions.node];

const INSIDE = `
import http.server, sys, threading, urllib.request
port, published = sys.argv[1:]
print(urllib.request.urlopen("http://allowed.test:%s/" % port, timeout=10).read().decode(), flush=True)
class Once(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"INSIDE")
http.server.HTTPServer(("127.0.0.1", int(published)), Once).handle_request()
`;
import { freePort } from "../support/free-port.ts";

/** The published port is served from the start, and answers once the server inside listens. */
async function fetchPublished(port: number, isOver: () => boolean): Promise<string> {
  while (!isOver()) {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`).catch(() => undefined);
    if (answer !== undefined) return await answer.text();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return "the run ended first";
}

describe("the sandbox's sockets reach Node", () => {
  let server: Server;
  let port: number;
  before(async () => {
    server = createServer((_request, response) => response.end("HOST")).listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  for (const version of VERSIONS) {
    test(`Node ${version}`, async () => {
      const node = version === process.versions.node ? process.execPath : await installNode(version);
      const place = makePlace();
      try {
        const published = await freePort();
        const profile = place.write(
          "profile.toml",
          `[network]\nallow = ["allowed.test:${String(port)}"]\n[network.hosts]\n"allowed.test" = "127.0.0.1"\n`,
        );
        const options = ["--profile", profile, "--publish", String(published), "--approvals", "deny"];
        const argv = ["/usr/bin/python3", "-c", INSIDE, String(port), String(published)];
        let over = false;
        const [run, answer] = await Promise.all([
          bailiwick(place, ["run", ...options, "--", ...argv], { node }).finally(() => (over = true)),
          fetchPublished(published, () => over),
        ]);
        assert.equal(run.status, 0, run.stderr);
        assert.equal(run.stdout, "HOST\n");
        assert.equal(answer, "INSIDE");
        assert.equal(ofType(await readEvents(place), "connection.opened").length, 1);
      } finally {
        place.remove();
      }
    });
  }

  test("the versions tried are the ones that the package asks for", () => {
    const { engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      engines: { node: string };
    };
    assert.equal(engines.node, `>=${VERSIONS[0]?.replace(/\.0$/, "") ?? ""}`);
  });
});
