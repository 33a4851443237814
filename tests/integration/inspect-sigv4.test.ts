/** Requests to AWS that are signed inside with placeholders and anew by the gateway, before a server that checks the signatures. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:https";
import { dirname } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { problemOfSignature } from "../../packages/egress/test/sigv4-verifier.ts";
import { makePlace, ofType, runGoverned, type Governed } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";
import { findTool, withoutModule, withoutTool } from "../support/tools.ts";

const KEYS = { accessKeyId: "AKIAREALREALREALREAL", secretAccessKey: "real/secret+real/secret+real/secret+real" };
const TOKEN = "real-session-token/real-session-token==";
const aws = findTool("aws");
const place = makePlace();
const authority = makeAuthority();
let server: Server;
let port = 0;
const seen: { readonly line: string; readonly body: string; readonly length: number; readonly problem: string | undefined; readonly token: string | undefined }[] = []; // prettier-ignore

/** As a service does: the signature first, then what it says of the body. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const method = request.method ?? "";
  const target = request.url ?? "";
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  const said = headers["x-amz-content-sha256"] ?? "";
  const isBody = !/^[0-9a-f]{64}$/.test(said) || said === createHash("sha256").update(body).digest("hex");
  const problem = isBody ? await problemOfSignature({ method, target, headers }, KEYS) : "the body is another";
  seen.push({
    line: `${method} ${target}`,
    body: body.subarray(0, 4096).toString(),
    length: body.length,
    problem,
    token: headers["x-amz-security-token"],
  });
  if (problem !== undefined) response.writeHead(403).end("<Error><Code>SignatureDoesNotMatch</Code></Error>");
  else if (body.includes("GetCallerIdentity")) response.writeHead(200, { "content-type": "text/xml" }).end(IDENTITY);
  else response.writeHead(200, { "content-type": "application/xml", etag: '"1"' }).end(LIST);
}
const LIST = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name></ListBucketResult>';
const IDENTITY =
  "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

before(async () => {
  ({ server, port } = await serveHttps(authority.identityOf("s3.cloud.test", "elsewhere.test"), (request, response) => {
    void serve(request, response);
  }));
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

const profile = (source = '{ env = "AWS_SECRET_ACCESS_KEY" }'): string => `extends = "standard"
[filesystem]
read = ${JSON.stringify([dirname(process.execPath), ...(aws?.folders ?? [])])}
[network]
allow = ["s3.cloud.test:${String(port)}", "elsewhere.test:${String(port)}"]
inspect = ["elsewhere.test"]
trust = ["${authority.file}"]
[network.hosts]
"s3.cloud.test" = "127.0.0.1"
"elsewhere.test" = "127.0.0.1"
[credentials.cloud]
hosts = ["s3.cloud.test"]
kind = "sigv4"
source = ${source}
variable = "AWS_SECRET_ACCESS_KEY"
`;
const env = {
  AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  AWS_SESSION_TOKEN: TOKEN,
};
const url = (path: string, host = "s3.cloud.test"): string => `https://${host}:${String(port)}${path}`;

/** curl signs, with what it finds in its environment. */
function curl(...words: readonly string[]): string {
  return `curl -sS -o answer -w '%{http_code}\n' --aws-sigv4 aws:amz:eu-central-1:sts -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" ${words.join(" ")}`;
}

async function run(script: string, how: { profile?: string; env?: Record<string, string> } = {}): Promise<Governed> {
  const argv = ["sh", "-c", script];
  const done = await runGoverned(place, { argv, profile: how.profile ?? profile(), env: how.env ?? env });
  for (const text of [done.stdout, done.stderr, JSON.stringify(done.events)])
    for (const value of [KEYS.accessKeyId, KEYS.secretAccessKey, TOKEN]) assert.ok(!text.includes(value));
  return done;
}

describe("signatures", () => {
  test("are made anew, also over a body whose digest the client does not say; inside there are placeholders", async () => {
    const script = [
      curl("--data", "Action=GetCallerIdentity", url("/")),
      curl(`"${url("/a%20b/c?x=1&empty=")}"`),
      "env",
    ].join("; ");
    const { stdout, stderr, events } = await run(script);
    assert.match(stdout, /^200\n200\n/, stderr);
    assert.deepEqual(seen, [
      { line: "POST /", body: "Action=GetCallerIdentity", length: 24, problem: undefined, token: TOKEN },
      { line: "GET /a%20b/c?x=1&empty=", body: "", length: 0, problem: undefined, token: TOKEN },
    ]);
    assert.match(stdout, /^AWS_ACCESS_KEY_ID=AKIA[A-Z]{16}$/m);
    assert.match(stdout, /^AWS_SECRET_ACCESS_KEY=[a-z]{4}\/[a-z+/]{35}$/m);
    assert.match(stdout, /^AWS_SESSION_TOKEN=[a-z-]+\/[a-z-]+==$/m);
    assert.deepEqual(
      ofType(events, "request.sent").map(({ credential }) => credential),
      ["cloud", "cloud"],
    );
  });

  test("with keys that a command prints, without a token", async () => {
    const json = JSON.stringify({ Version: 1, AccessKeyId: KEYS.accessKeyId, SecretAccessKey: KEYS.secretAccessKey });
    const command = place.write("home/bin/keys", `#!/bin/sh\nprintf '%s\\n' '${json}'\n`, 0o755);
    const { stdout, stderr } = await run(curl(url("/")), { profile: profile(`{ command = ["${command}"] }`), env: {} });
    assert.equal(stdout, "200\n", stderr);
    assert.deepEqual(seen, [{ line: "GET /", body: "", length: 0, problem: undefined, token: undefined }]);
  });

  test("what cannot be had is said, without a word of it", async () => {
    const command = place.write(
      "home/bin/broken",
      `#!/bin/sh\necho '{"SecretAccessKey": "${KEYS.secretAccessKey}"'\n`,
      0o755,
    );
    const broken = await run("true", { profile: profile(`{ command = ["${command}"] }`), env: {} });
    assert.match(broken.stderr, /credential `cloud` could not be had: it is not the JSON/);
    const half = await run("true", { env: { AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey } });
    assert.match(half.stderr, /has not both an id of a key and a secret/);
    assert.deepEqual([broken.status, half.status], [125, 125]);
  });

  test("with another key, or sent elsewhere, reach nobody", async () => {
    const other = curl(url("/")).replace("$AWS_ACCESS_KEY_ID", "AKIAATTACKERATTACKER");
    const { stdout, events } = await run(`${other}; ${curl(url("/", "elsewhere.test"))}; echo`);
    assert.equal(stdout.trim(), "403\n403");
    assert.deepEqual(seen, []);
    assert.deepEqual(
      ofType(events, "request.refused").map(({ decision }) => decision.policies),
      [["credential:cloud"], ["credential:cloud"]],
    );
    assert.deepEqual(
      ofType(events, "credential.misused").map(({ host, where }) => [host, where]),
      [["elsewhere.test", "header authorization"]],
    );
  });

  test("over a body that is too long to wait are refused, and over one whose digest is said are not", async () => {
    place.write(
      "home/project/upload.mjs",
      `const authorization = \`AWS4-HMAC-SHA256 Credential=\${process.env.AWS_ACCESS_KEY_ID}/20260101/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}\`;
for (const more of [{}, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }]) {
  const answer = await fetch("${url("/")}", { method: "POST", headers: { authorization, ...more }, body: new Uint8Array(17_000_000) });
  console.log(answer.status);
}
`,
    );
    const { stdout, stderr } = await run(`${process.execPath} upload.mjs`);
    assert.equal(stdout, "403\n200\n", stderr);
    assert.deepEqual(
      seen.map(({ length, problem }) => [length, problem]),
      [[17_000_000, undefined]],
    );
  });
});

describe("bodies that wait for their signature", () => {
  test("hold no more than 64 MiB together: one more is told so and may ask again, and the others go on", async () => {
    place.write(
      "home/project/waiting.mjs",
      `import { request } from "node:https";
const authorization = \`AWS4-HMAC-SHA256 Credential=\${process.env.AWS_ACCESS_KEY_ID}/20260101/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}\`;
const LENGTH = 16 * 2 ** 20;
function post(length) {
  const sent = request("${url("/")}", { method: "POST", agent: false, headers: { authorization, "content-length": length } });
  const answered = new Promise((resolve, reject) => {
    sent.on("error", reject).on("response", async (answer) => {
      const text = (await answer.toArray()).join("");
      resolve([answer.statusCode, text]);
    });
  });
  return { sent, answered };
}
// All but the last byte of five, until there is no room for one of them; what that one held is room for the others.
async function round() {
  const posts = Array.from({ length: 5 }, () => post(LENGTH));
  for (const { sent } of posts) sent.write(Buffer.alloc(LENGTH - 1));
  const [status, text] = await Promise.race(posts.map(({ answered }) => answered));
  console.log(status, text.trim());
  for (const { sent } of posts) sent.end("x");
  console.log((await Promise.all(posts.map(({ answered }) => answered))).map(([status]) => status).sort().join());
}
await round();
await round();
`,
    );
    const { status, stdout, stderr, events } = await run(`${process.execPath} waiting.mjs`);
    assert.equal(status, 0, stderr);
    const round =
      /503 bailiwick: refused: a signature covers the body, and all that wait for theirs may hold 67108864 bytes together.*\nbailiwick: instead: .*\n200,200,200,200,503\n/;
    assert.match(stdout, new RegExp(`^(${round.source}){2}$`));
    assert.deepEqual(
      seen.map(({ length, problem }) => [length, problem]),
      Array.from({ length: 8 }, () => [2 ** 24, undefined]),
    );
    const refused = ofType(events, "request.refused").map(({ decision }) => decision.reason);
    assert.equal(refused.length, 2);
    for (const reason of refused) assert.match(reason, /may hold 67108864 bytes/);
  });
});

test(
  "boto3: objects are put, lists read, and a question to STS answered",
  { skip: withoutModule("boto3") },
  async () => {
    place.write("home/project/pieces.bin", "y".repeat(100_000));
    place.write(
      "home/project/cloud.py",
      `import boto3
from botocore.config import Config
at = dict(endpoint_url="${url("")}", region_name="eu-central-1", config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))
s3 = boto3.client("s3", **at)
s3.put_object(Bucket="b", Key="a folder/ünïcode & more.txt", Body=b"x" * 3_000_000, Metadata={"note": "a  b"})
s3.put_object(Bucket="b", Key="pieces", Body=open("pieces.bin", "rb"), ChecksumAlgorithm="SHA256")
s3.list_objects_v2(Bucket="b", Prefix="a folder/", ContinuationToken="1/x+=")
print(boto3.client("sts", **at).get_caller_identity()["Account"])
`,
    );
    const { stdout, stderr } = await run("/usr/bin/python3 cloud.py");
    assert.equal(stdout, "111122223333\n", stderr);
    assert.deepEqual(
      seen.map(({ line, problem, token }) => [line.split("?")[0], problem, token]),
      [
        ["PUT /b/a%20folder/%C3%BCn%C3%AFcode%20%26%20more.txt", undefined, TOKEN],
        ["PUT /b/pieces", undefined, TOKEN],
        ["GET /b", undefined, TOKEN],
        ["POST /", undefined, TOKEN],
      ],
    );
    assert.equal(seen[0]?.length, 3_000_000);
    // Streamed in pieces that carry no signatures, with a checksum after them: what clients send over TLS.
    assert.match(seen[1]?.body ?? "", /^[0-9a-f]+\r\ny/);
    assert.ok((seen[1]?.length ?? 0) > 100_000);
  },
);

test("aws: a file is copied to a bucket, and a question to STS answered", { skip: withoutTool("aws") }, async () => {
  place.write("home/project/aws.conf", "[default]\nregion = eu-central-1\ns3 =\n    addressing_style = path\n");
  place.write("home/project/report.txt", "z".repeat(100_000));
  const command = `${aws?.path ?? ""} --endpoint-url ${url("")}`;
  const { status, stdout, stderr, events } = await run(
    `export AWS_CONFIG_FILE=$PWD/aws.conf AWS_MAX_ATTEMPTS=1; ${command} s3 cp --only-show-errors report.txt s3://b/report.txt && ${command} sts get-caller-identity --query Account --output text`,
  );
  assert.deepEqual([status, stdout], [0, "111122223333\n"], stderr);
  assert.deepEqual(
    seen.map(({ line, problem, token }) => [line, problem, token]),
    [
      ["PUT /b/report.txt", undefined, TOKEN],
      ["POST /", undefined, TOKEN],
    ],
  );
  assert.ok((seen[0]?.length ?? 0) >= 100_000);
  assert.deepEqual(
    ofType(events, "request.sent").map(({ credential }) => credential),
    ["cloud", "cloud"],
  );
});
