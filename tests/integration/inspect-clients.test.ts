/** What is looked into, end to end: real clients inside, decisions about their requests, and what the record says. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2SecureServer } from "node:http2";
import { makePlace, ofType, runGoverned } from "../support/governed.ts";
import { makeAuthority, serveHttp2 } from "../support/https-server.ts";
import { withoutModule, withoutTool } from "../support/tools.ts";

const place = makePlace();
const authority = makeAuthority();
let server: Http2SecureServer;
let port = 0;
const seen: string[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  seen.push(`${request.method ?? ""} ${request.url ?? ""}`);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ path: request.url, method: request.method }));
}

before(async () => {
  ({ server, port } = await serveHttp2(authority.identityOf("api.test"), answer));
});
after(() => {
  server.close();
  authority.remove();
  place.remove();
});

const profile = (extra = 'inspect = ["api.test"]'): string =>
  `extends = "standard"\n[network]\nallow = ["api.test:${String(port)}"]\ntrust = ["${authority.file}"]\n${extra}\n[network.hosts]\n"api.test" = "127.0.0.1"\n`;
const policy = `@id("test.read-only")
@reason("this host is for reading")
@instead("ask a person to write")
forbid (principal, action == Action::"httpRequest", resource == Host::"api.test") unless { context.method == "GET" };`;

const url = (path = "/v1/things?name=x"): string => `https://api.test:${String(port)}${path}`;

/** Each program asks for `/client` and prints what it gets. */
const clients: readonly [name: string, program: string, argv: () => readonly string[]][] = [
  ["curl by HTTP/1.1", "curl", () => ["curl", "-sS", "--http1.1", url("/client")]],
  ["curl by HTTP/2", "curl", () => ["curl", "-sS", "--http2", url("/client")]],
  ["Node", "node", () => ["node", "-e", `fetch("${url("/client")}").then(async (a) => console.log(await a.text()))`]],
  ["Python", "python3", () => ["python3", "-c", `import urllib.request as r; print(r.urlopen("${url("/client")}").read().decode())`]],
  ["Python's requests", "python3", () => ["/usr/bin/python3", "-c", `import requests; print(requests.get("${url("/client")}").text)`]],
  ["openssl", "openssl", () => ["sh", "-c", `printf 'GET /client HTTP/1.0\\r\\nHost: api.test\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error -servername api.test -connect api.test:${String(port)}`]],
  ["wget", "wget", () => ["wget", "-qO-", url("/client")]],
  ["Go", "go", () => ["./client-go"]],
  ["Java", "java", () => {
    place.write("home/project/Client.java", `public class Client { public static void main(String[] a) throws Exception { System.out.println(new String(new java.net.URL("${url("/client")}").openStream().readAllBytes())); } }`);
    return ["java", "Client.java"];
  }],
  ["Java by HTTP/2", "java", () => {
    place.write("home/project/Client2.java", `import java.net.http.*; public class Client2 { public static void main(String[] a) throws Exception { var r = HttpClient.newHttpClient().send(HttpRequest.newBuilder(java.net.URI.create("${url("/client")}")).build(), HttpResponse.BodyHandlers.ofString()); if (r.version() != HttpClient.Version.HTTP_2) throw new Exception("not HTTP/2"); System.out.println(r.body()); } }`);
    return ["java", "Client2.java"];
  }],
]; // prettier-ignore

describe("a host that is looked into", () => {
  test("a request that policies permit is answered, and recorded as it was sent", async () => {
    const { status, stdout, stderr, events } = await runGoverned(place, {
      argv: ["curl", "-sS", url()],
      profile: profile(),
    });
    assert.deepEqual([status, stdout], [0, '{"path":"/v1/things?name=x","method":"GET"}'], stderr);
    const [sent] = ofType(events, "request.sent");
    assert.deepEqual(
      [sent?.method, sent?.host, sent?.port, sent?.path, sent?.query],
      ["GET", "api.test", port, "/v1/things", ["name"]],
    );
    assert.equal(sent?.exec, ofType(events, "exec.allowed").find(({ argv }) => argv.values[0] === "curl")?.exec);
    const [ended] = ofType(events, "request.ended");
    assert.deepEqual([ended?.request, ended?.status, ended?.bytesReceived], [sent?.request, 200, stdout.length]);
    assert.equal(ofType(events, "run.ended")[0]?.counts.requests, 1);
  });

  test("one that a policy forbids is answered with the reason, and never reaches the server", async () => {
    const count = seen.length;
    const { status, stdout, stderr, events } = await runGoverned(place, {
      argv: ["curl", "-sS", "-d", "x=1", url()],
      profile: profile("# the policy names the host"),
      policy,
    });
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /^bailiwick: refused: this host is for reading \[policy test\.read-only\]\nbailiwick: instead: ask a person/,
    );
    assert.equal(seen.length, count);
    const [refused] = ofType(events, "request.refused");
    assert.deepEqual(
      [refused?.method, refused?.path, refused?.decision.policies],
      ["POST", "/v1/things", ["test.read-only"]],
    );
    assert.match(stderr, /requests +0 sent, 1 refused: POST api\.test\/v1\/things/);
  });

  for (const [name, program, argv] of clients) {
    test(
      `${name} trusts the gateway, with nothing set up for it`,
      { skip: name === "Python's requests" ? withoutModule("requests") : withoutTool(program) },
      async () => {
        if (name === "Go") buildGoClient(url("/client"), join(place.workspace, "client-go"));
        const { status, stdout, stderr, events } = await runGoverned(place, { argv: argv(), profile: profile() });
        assert.equal(status, 0, stderr);
        assert.match(stdout, /"path":"\/client"/);
        assert.equal(ofType(events, "request.sent")[0]?.path, "/client");
      },
    );
  }

  test("the same client, without the run's authority, does not: what is looked into is never passed on unseen", async () => {
    const { status, stderr } = await runGoverned(place, {
      argv: ["curl", "-sS", "--cacert", authority.file, url()],
      profile: profile(),
    });
    assert.notEqual(status, 0);
    assert.match(stderr, /certificate/);
  });
});

/** Built outside, since only what it trusts is of interest; without cgo, so that it needs nothing of the host. */
function buildGoClient(address: string, file: string): void {
  const source = place.write(
    "go/main.go",
    `package main
import ("fmt"; "io"; "net/http")
func main() { a, e := http.Get("${address}"); if e != nil { panic(e) }; b, _ := io.ReadAll(a.Body); fmt.Println(string(b)) }
`,
  );
  execFileSync("go", ["build", "-o", file, source], {
    env: { ...process.env, CGO_ENABLED: "0", GO111MODULE: "off", GOFLAGS: "" },
    stdio: "pipe",
  });
}
