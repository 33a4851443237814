/**
 * Every route of the API from its own OpenAPI document: requests of the documented forms, and changed ones, by nobody, a developer, an
 * owner and a host. Whatever
 * comes, the answer is one that the document has, says nothing of the inside, and the server goes on.
 */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { isServerErrorCode, ROUTE_NAMES, signAs, STATUS_OF } from "../contract/index.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { faultOf, isObject, valuesOf, type Schema } from "../test/json-schema.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: "path" | "query";
    readonly schema: Schema;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

interface Asked {
  readonly path: string;
  readonly body: { readonly type: string; readonly bytes: Buffer } | undefined;
}

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** Requests of each route by each caller. */
const EACH = Number(process.env["FUZZ_EACH"] ?? 6);
/** Refused so often, an address has to wait a minute. */
const BRAKED_AFTER = 29;

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let host: TestHost;
let known: Readonly<Record<string, readonly unknown[]>>;
/** What proves who asks, in the headers of a request. */
type Claim = (method: string, asked: Asked) => Promise<Readonly<Record<string, string>>>;
let callers: Readonly<Record<"nobody" | "developer" | "owner" | "host", Claim>>;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase() });
  const { owner } = served;
  await owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
  await owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await owner.call("grantRole", {
    body: { to: { type: "Person", id: "robin" }, role: "developer", scope: { type: "Company", id: "company" } },
  });
  host = await makeHost(served, "robin");
  const run = await host.record({ labels: ["team=payments"] });
  await host.send();
  const question = "q".repeat(22);
  const digest = `sha256:${"0".repeat(64)}`;
  await host.client.call("askQuestion", {
    params: { host: host.id },
    body: {
      ...{ id: question, run, agent: "claude-code", project: "shop", exec: 1, bound: digest, policyDigest: digest },
      ...{ argv: ["ls"], cwd: "/", files: [], reason: "", policies: [], expiresInS: 3_600 },
    },
  });
  const token = async (person: string): Promise<string> =>
    (
      await owner.call("issueToken", {
        params: { person },
        body: {
          name: "x",
          actions: (await owner.call("listRoles", {})).items.flatMap(({ any, own }) => [...any, ...own]).slice(0, 100),
          expiresInS: 3_600,
        },
      })
    ).secret;
  const bearer =
    (secret: string): Claim =>
    async () =>
      await Promise.resolve({ authorization: `Bearer ${secret}` });
  const { sign } = signAs(host.id, host.privateKey);
  callers = {
    nobody: async () => await Promise.resolve({}),
    developer: bearer(await token("robin")),
    owner: bearer(served.ownerToken),
    host: async (method, { path, body }) => {
      const url = served.server.url + path;
      return URL.canParse(url) ? await sign({ method, url, body: body?.bytes ?? Buffer.alloc(0) }, Date.now()) : {};
    },
  };
  const pool = { hosts: [host.id], repositories: ["/srv/git"], leaseS: 5 };
  await owner.call("putPool", { params: { pool: "builders" }, body: pool });
  const task = { agent: "claude-code", repository: "/srv/git/shop", prompt: "x" };
  const { id } = await owner.call("submitTask", { params: { pool: "builders" }, body: task });
  known = {
    ...{
      pool: ["builders"],
      task: [id],
      lease: ["l".repeat(22)],
      repository: ["/srv/git/shop"],
      agent: ["claude-code"],
    },
    ...{ person: ["robin"], team: ["payments"], host: [host.id], run: [run], question: [question], bound: [digest] },
    ...{
      id: ["robin", "payments", "company", run, host.id, "User", question],
      role: ["auditor", "developer", "looker"],
    },
    ...{
      action: ["viewRun", "killRun"],
      actions: ["viewRun", "readRun"],
      label: ["team=payments"],
      file: ["checkpoint"],
    },
    ...{ zone: ["Europe/Berlin"], query: ["ls", "label:team", "decision:refused"], filter: ['userName eq "robin"'] },
  };
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
});

/** What no schema foresees: by itself, as a member, in an address. */
const odd = fc.constantFrom<unknown>(
  ...[null, true, 0, -1, 0.5, 1e308, 2 ** 53, -(2 ** 63), "", " ", "\0", "a\0b", "\ud800", "\u202e", "__proto__"],
  ...[
    "x".repeat(5_000),
    "é".repeat(2_000),
    "'; drop table run; --",
    "%s%n",
    "../../etc/passwd",
    [],
    [[]],
    {},
    { a: { b: 1 } },
  ],
);

type Path = readonly (string | number)[];

/** All places of a value, its own among them. */
function placesIn(value: unknown, at: Path = []): Path[] {
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => placesIn(item, [...at, index]))
    : isObject(value)
      ? Object.entries(value).flatMap(([name, member]) => placesIn(member, [...at, name]))
      : [];
  return [at, ...inner];
}

function changed(value: unknown, [step, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === step ? changed(item, rest, change) : item));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, member]) => [
    name,
    name === step ? changed(member, rest, change) : member,
  ]);
  return Object.fromEntries(entries.filter(([, member]) => member !== undefined)) as unknown;
}

/** A value that was well-formed, changed in one place: another value, a member too many, or none at all. */
function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const kinds = fc.constantFrom("other", "extra", "gone");
  return fc.tuple(values, fc.nat(), kinds, odd).map(([value, number, kind, other]) => {
    const places = placesIn(value);
    const place = places[number % places.length] ?? [];
    return changed(value, place, (old) => {
      if (kind === "gone" && place.length > 0) return undefined;
      if (kind !== "extra") return other;
      return isObject(old)
        ? Object.fromEntries([...Object.entries(old), ["__proto__", other], ["more", other]])
        : [old, other];
    });
  });
}

/** Bodies that are no value of JSON, or one of a size and depth that nobody sends. */
const RAW: readonly Buffer[] = [
  ...[Buffer.of(0xff, 0xfe), Buffer.from('{"a":"\xff"}', "latin1"), Buffer.alloc(64, 0)],
  ...[
    ...["", "{", "null", "[]", '"', "\ufeff{}", '{"a":1,"a":2}', '{"__proto__":{"a":1}}', `{"a":${"9".repeat(4_000)}}`],
    ...[
      "[".repeat(30_000),
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
    ],
    ...[`"${"x".repeat(70_000)}"`],
  ].map((text) => Buffer.from(text)),
];

function bodyOf(operation: Operation): fc.Arbitrary<Asked["body"]> {
  const [content] = Object.entries(operation.requestBody?.content ?? {});
  if (content === undefined) return fc.constant(undefined);
  const [type, { schema }] = content;
  const values = valuesOf(schema, known);
  const encode = (value: unknown): Buffer =>
    type === "application/json"
      ? Buffer.from(JSON.stringify(value) ?? "")
      : Buffer.from(
          String(
            new URLSearchParams(
              isObject(value) ? Object.entries(value).map(([name, of]): [string, string] => [name, String(of)]) : "x",
            ),
          ),
        );
  const bytes = fc.oneof(values.map(encode), mutated(values).map(encode));
  const types = fc.oneof(
    { weight: 9, arbitrary: fc.constant(type) },
    fc.constantFrom("text/plain", "application/json; charset=utf-16", ""),
  );
  return fc.record({ type: types, bytes });
}

/** As they stand in an address: some are no text at all. */
const oddInAddress = fc.constantFrom(
  "%00",
  "%ff",
  "%zz",
  "%",
  "%ed%a0%80",
  "..",
  "%2e%2e%2f",
  "x".repeat(3_000),
  "'",
  "%0a",
  "*",
  "%25",
  "__proto__",
);
const escaped = (value: unknown): string => encodeURIComponent(String(value).toWellFormed());

/** @param withOdd whether parts of it may be odd ones */
function pathOf(path: string, { parameters = [] }: Operation, withOdd = true): fc.Arbitrary<string> {
  const part = ({ name, schema }: (typeof parameters)[number]): fc.Arbitrary<string> =>
    fc.oneof(
      {
        weight: 6,
        arbitrary: valuesOf(schema, known, name).map((value) =>
          Array.isArray(value) ? value.map(escaped).join(`&${name}=`) : escaped(value),
        ),
      },
      { weight: withOdd ? 1 : 0, arbitrary: oddInAddress },
    );
  const inPath = parameters.filter((each) => each.in === "path");
  const inQuery = parameters.filter((each) => each.in === "query");
  const steps = fc.tuple(...inPath.map(part));
  const query = fc.tuple(
    ...inQuery.map((each) => fc.option(part(each), { nil: undefined, freq: each.required === true ? 8 : 2 })),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant("") },
      fc.constantFrom("&limit=1&limit=2", "&x=1", "&=", "&after=1e400", "&__proto__=1", "&limit=-0"),
    ),
  );
  return fc.tuple(steps, query).map(([values, given]) => {
    const filled = inPath.reduce((text, { name }, index) => text.replace(`{${name}}`, () => values[index] ?? ""), path);
    const pairs = inQuery.flatMap(({ name }, index) => (given[index] === undefined ? [] : [`${name}=${given[index]}`]));
    return `${filled}?${pairs.join("&")}${given.at(-1) ?? ""}`;
  });
}

let sent = 0;

/** Each address is another caller to the brake of those that are refused. */
async function send(method: string, asked: Asked, claim: Claim): Promise<Answered> {
  sent += 1;
  const { path, body } = asked;
  const claimed = await claim(method, asked);
  const number = Math.floor(sent / BRAKED_AFTER);
  const { hostname, port } = new URL(served.server.url);
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{ hostname, port, method, path, localAddress: `127.0.${String(1 + (number >> 8))}.${String(number & 255)}` },
        headers: {
          ...claimed,
          ...(body && { "content-type": body.type, "content-length": body.bytes.length }),
        },
      },
      (response) => {
        const type = response.headers["content-type"] ?? "";
        const status = response.statusCode ?? 0;
        if (type.startsWith("text/event-stream")) {
          response.destroy();
          resolve({ status, type, text: "" });
          return;
        }
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          resolve({ status, type, text: Buffer.concat(chunks).toString("latin1") });
        });
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body?.bytes);
  });
}

/** Of the inside: a stack, a library, a statement or a complaint of the database. */
const INSIDE =
  /\.[mc]?[jt]s:\d+|node_modules|node:internal|\bat .+ \(|SQLSTATE|syntax error at|duplicate key|violates .*constraint|relation "|column "|\b(?:insert into|delete from|update \w+ set|select .+ from)\b|TypeError|RangeError|ZodError|kysely|postgres/i;

function check(operation: Operation, { status, type, text }: Answered): void {
  assert.ok(status < 500, `${String(status)}: ${text}`);
  const documented = operation.responses[String(status)];
  assert.ok(documented !== undefined, `a status that is not documented: ${String(status)} ${text}`);
  if (status >= 400) {
    assert.doesNotMatch(text, INSIDE);
    if (!type.startsWith("application/json")) return;
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    assert.ok(isServerErrorCode(error.code) && STATUS_OF[error.code] === status, text);
    assert.ok(error.message !== "" && error.message.length < 10_000, `${String(error.message.length)} characters`);
  }
  const content = documented.content ?? {};
  if (status === 204 || status === 303) {
    assert.equal(text, "");
    return;
  }
  const [given = ""] = type.split(";");
  assert.ok(Object.hasOwn(content, given), `${given} is not documented for ${String(status)}`);
  const schema = content[given]?.schema;
  if (schema !== undefined)
    assert.equal(faultOf(schema, JSON.parse(Buffer.from(text, "latin1").toString())), undefined, text);
}

/** What may end a caller, or make them another: it comes after all else. */
const CHANGES_CALLERS = /^(end|revoke|grant|leave|join|scim)/;

async function operations(): Promise<(readonly [method: string, path: string, operation: Operation])[]> {
  const response = await fetch(new URL("/api/v1/openapi.json", served.server.url));
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, Operation>> };
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [method.toUpperCase(), path, operation] as const),
  );
  const isLast = ([, , { operationId }]: (typeof all)[number]): boolean => CHANGES_CALLERS.test(operationId);
  return [...all.filter((each) => !isLast(each)), ...all.filter(isLast)];
}

describe("the API, from its own description", () => {
  test("whatever is sent to any route by whomever: a documented answer, nothing of the inside, and a server that goes on", async (context) => {
    context.diagnostic(`FUZZ_SEED=${String(SEED)} FUZZ_EACH=${String(EACH)}`);
    const all = await operations();
    assert.deepEqual(all.map(([, , { operationId }]) => operationId).sort(), [...ROUTE_NAMES].sort());
    const statuses = new Map<number, number>();
    for (const [method, path, operation] of all) {
      const judge = (name: string, each: Asked, answered: Answered): void => {
        statuses.set(answered.status, (statuses.get(answered.status) ?? 0) + 1);
        try {
          check(operation, answered);
        } catch (error) {
          throw new Error(`${operation.operationId} by ${name}: ${String(error)}\n${shown(each)}`, { cause: error });
        }
      };
      const requests = fc.record({ path: pathOf(path, operation), body: bodyOf(operation) });
      for (const [name, claim] of Object.entries(callers)) {
        await fc.assert(
          fc.asyncProperty(requests, async (each) => {
            judge(name, each, await send(method, each, claim));
          }),
          { numRuns: EACH, seed: SEED, endOnFailure: true },
        );
      }
      const [type] = Object.keys(operation.requestBody?.content ?? {});
      const [example] = fc.sample(pathOf(path, operation, false), { numRuns: 1, seed: SEED });
      if (type === undefined || example === undefined) continue;
      const sender = operation.parameters?.some(({ name }) => name === "host") === true ? "host" : "owner";
      for (const bytes of RAW) {
        const each = { path: example, body: { type, bytes } };
        judge(sender, each, await send(method, each, callers[sender]));
      }
    }
    context.diagnostic(`${String(sent)} requests: ${JSON.stringify([...statuses].sort())}`);
    // It was really used: things were done, and others refused for each of the reasons there are.
    for (const status of [200, 204, 400, 401, 403, 404, 413]) assert.ok(statuses.has(status), String(status));
    assert.equal((await fetch(new URL("/healthz", served.server.url))).status, 200);
    assert.deepEqual(
      served.said.filter((line) => line.includes("could not do this")),
      [],
    );
    await served.owner.call("addPerson", { body: { id: "later", name: "Later" } });
    const another = await makeHost(served, "later");
    try {
      const run = await another.record();
      await another.send();
      assert.equal((await served.owner.call("showRun", { params: { run } })).person, "later");
    } finally {
      another.remove();
    }
  });

  test("negative control: what is not documented, or tells of the inside, is found", async () => {
    const all = await operations();
    const [, , listRuns] = all.find(([, , { operationId }]) => operationId === "listRuns") ?? assert.fail();
    const json = "application/json";
    const wrong: readonly Answered[] = [
      { status: 500, type: json, text: '{"error":{"code":"x","message":"y"}}' },
      { status: 418, type: json, text: "{}" },
      { status: 200, type: json, text: '{"items":[{"run":1}]}' },
      { status: 200, type: "text/html", text: "" },
      { status: 404, type: json, text: '{"error":{"code":"SERVER_FORBIDDEN","message":"y"}}' },
      { status: 400, type: json, text: '{"error":{"code":"SERVER_MALFORMED","message":"at x (/a/b.ts:1:2)"}}' },
      { status: 400, type: json, text: '{"error":{"code":"SERVER_MALFORMED","message":"select a from b"}}' },
    ];
    for (const answered of wrong)
      assert.throws(
        () => {
          check(listRuns, answered);
        },
        /./,
        `found: ${answered.text}`,
      );
    check(listRuns, { status: 400, type: json, text: '{"error":{"code":"SERVER_MALFORMED","message":"no"}}' });
  });
});

function shown({ path, body }: Asked): string {
  return `${path.slice(0, 500)}\n${body?.type ?? ""} ${body?.bytes.toString("latin1").slice(0, 1_000) ?? ""}`;
}
