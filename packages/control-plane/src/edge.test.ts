/** The server's edge: what every answer says to browsers, and requests that are none. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { serve, type Served } from "../test/served.ts";
import { headersOfAll } from "./routes/answer-headers.ts";

let served: Served;
before(async () => {
  served = await serve({ publicUrl: "https://bailiwick.company.example" });
});
after(async () => {
  await served.stop();
});

/** One answer of each kind: what is right, what is refused, and what no route is there for. */
const ANSWERS: readonly (readonly [method: string, path: string, status: number, type: RegExp])[] = [
  ["GET", "/api/v1/people", 200, /^application\/json$/],
  ["GET", "/api/v1/openapi.json", 200, /^application\/json$/],
  ["GET", "/api/v1/log/checkpoint", 200, /^application\/octet-stream$/],
  ["GET", "/api/v1/stream", 200, /^text\/event-stream; charset=utf-8$/],
  ["POST", "/api/v1/people", 400, /^application\/json$/],
  ["GET", "/scim/v2/Users", 200, /^application\/scim\+json$/],
  ["GET", "/scim/v2/Users/nobody", 404, /^application\/scim\+json$/],
  ["GET", "/auth", 200, /^text\/html; charset=utf-8$/],
  ["GET", "/passkeys", 200, /^text\/html; charset=utf-8$/],
  ["GET", "/answer", 200, /^text\/html; charset=utf-8$/],
  ["GET", "/healthz", 200, /^text\/plain; ?charset=utf-8$/i],
  ["GET", "/nowhere", 404, /^application\/json$/],
  ["PUT", "/api/v1/teams/none/members/nobody", 404, /^application\/json$/],
];

async function ask(method: string, path: string): Promise<Response> {
  const ending = new AbortController();
  const headers = { authorization: `Bearer ${served.ownerToken}` };
  const response = await fetch(served.server.url + path, {
    ...{ method, headers, redirect: "manual" },
    signal: ending.signal,
  });
  // A stream would never end.
  if (path.endsWith("/stream")) ending.abort();
  return response;
}

describe("every answer", () => {
  for (const [method, path, status, type] of ANSWERS) {
    test(`${method} ${path}: is what it says, runs nothing, is in no frame, and is kept and told nowhere`, async () => {
      const answer = await ask(method, path);
      const said = (name: string): string => answer.headers.get(name) ?? "";
      assert.equal(answer.status, status);
      assert.match(said("content-type"), type);
      assert.equal(said("x-content-type-options"), "nosniff");
      for (const part of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
        assert.ok(said("content-security-policy").split("; ").includes(part), part);
      }
      assert.equal(said("referrer-policy"), "no-referrer");
      assert.equal(said("cache-control"), "no-store");
      assert.equal(said("cross-origin-resource-policy"), "same-origin");
      assert.equal(said("strict-transport-security"), "max-age=31536000; includeSubDomains");
      assert.equal(said("access-control-allow-origin"), "");
    });
  }

  test("negative control: a server that browsers do not know by https says nothing of it", () => {
    for (const origin of [undefined, "http://localhost:7788"]) {
      assert.ok(!("strict-transport-security" in headersOfAll(origin)), origin);
    }
  });
});

/** What is answered to the very bytes. */
async function answerTo(text: string): Promise<string> {
  const { hostname, port } = new URL(served.server.url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  let answer = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (answer += chunk));
  await once(socket, "close");
  return answer;
}

describe("a request that is none", () => {
  const HEAD = "POST /api/v1/hosts HTTP/1.1\r\nHost: x\r\n";
  const SECOND = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const [name, text] of Object.entries({
    "two ways to say how long it is": `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`,
    "two lengths": `${HEAD}Content-Length: 0\r\nContent-Length: ${String(SECOND.length)}\r\n\r\n${SECOND}`,
    "a length that is none": `${HEAD}Content-Length: +0\r\n\r\n${SECOND}`,
    "chunks and something else": `${HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SECOND}`,
    "a line that ends otherwise": `POST /api/v1/hosts HTTP/1.1\nHost: x\n\n${SECOND}`,
  })) {
    test(`${name}: refused, and what follows is no request`, async () => {
      const answer = await answerTo(text);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.doesNotMatch(answer, /HTTP\/1\.1 200/);
    });
  }

  test("negative control: two after another are two", async () => {
    const answer = await answerTo(`${SECOND}${SECOND.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")}`);
    assert.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  });

  test("TRACE shows nobody what was sent", async () => {
    const { hostname, port } = new URL(served.server.url);
    const asked = request({ hostname, port, path: "/healthz", method: "TRACE", headers: { "x-secret": "s3cret" } });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    assert.equal(answer.statusCode, 404);
    assert.doesNotMatch((await answer.setEncoding("utf8").toArray()).join(""), /s3cret/);
  });
});
