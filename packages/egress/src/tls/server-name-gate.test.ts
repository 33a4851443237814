import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, test } from "node:test";
import { connect } from "node:tls";
import {
  EARLY_DATA,
  ENCRYPTED_CLIENT_HELLO,
  fragmented,
  handshake,
  hello,
  type HelloParts,
  helloBody,
  record,
  SUPPORTED_VERSIONS,
} from "../../test/client-hello.ts";
import type { Verdict } from "../tcp/client-inspector.ts";
import { ServerNameGate } from "./server-name-gate.ts";

const NAME = "allowed.test";
const RIGHT: HelloParts = { serverNames: [NAME], extensions: [SUPPORTED_VERSIONS] };
const CHANGE_CIPHER_SPEC = record(Buffer.of(1), 0x14);
const EARLY_RECORD = record(Buffer.alloc(50, 9), 0x17);

/** What the gate says in the end, and how many bytes it had let through by then. */
function run(chunks: readonly Buffer[]): { verdict: Verdict["kind"] | "done"; passed: number; reason: string } {
  const gate = new ServerNameGate(NAME);
  let held = 0;
  let passed = 0;
  let last: Verdict["kind"] | "done" = "hold";
  for (const chunk of chunks) {
    held += chunk.length;
    if (last === "done") {
      passed += held;
      held = 0;
      continue;
    }
    const verdict = gate.inspect(chunk);
    if (verdict.kind === "refuse") return { verdict: "refuse", passed, reason: verdict.refusal.reason };
    if (verdict.kind === "pass") {
      passed += held;
      held = 0;
    }
    last = verdict.kind === "pass" && verdict.done ? "done" : verdict.kind;
  }
  return { verdict: last, passed, reason: "" };
}

const byBytes = (message: Buffer): Buffer[] =>
  Array.from(message, (_byte, index) => message.subarray(index, index + 1));

describe("ServerNameGate", () => {
  const refused: readonly [what: string, message: Buffer, reason: RegExp][] = [
    ["another name", hello({ serverNames: ["evil.test"] }), /asks for the server name `evil\.test`/],
    ["a name below", hello({ serverNames: [`x.${NAME}`] }), /asks for the server name/],
    ["a name that starts alike", hello({ serverNames: [`${NAME}.evil`] }), /asks for the server name/],
    [
      "a name cut by NUL",
      hello({ serverNames: [`${NAME}\0.evil.test`] }),
      /asks for the server name `allowed\.test\\x00/,
    ],
    ["no name", hello({ extensions: [SUPPORTED_VERSIONS] }), /without a server name/],
    ["two names", hello({ serverNames: [NAME, "evil.test"] }), /does not hold one host name/],
    ["an empty list of names", hello({ serverNames: [] }), /does not hold one host name/],
    ["two SNI extensions", hello({ serverNames: [NAME], extensions: [[0, Buffer.of(0, 0)]] }), /stands twice/],
    ["a hidden name", hello({ serverNames: [NAME], extensions: [ENCRYPTED_CLIENT_HELLO] }), /encrypted ClientHello/],
    ["bytes after it", record(Buffer.concat([handshake(helloBody(RIGHT)), Buffer.of(1)])), /more bytes after it/],
    ["another message", record(handshake(helloBody(RIGHT), 16)), /does not start with it/],
    ["an empty record", record(Buffer.alloc(0)), /an empty record/],
    [
      "an alert between",
      Buffer.concat([record(handshake(helloBody(RIGHT)).subarray(0, 9)), record(Buffer.of(1, 0), 0x15)]),
      /not of the handshake/,
    ],
    ["too long a message", record(Buffer.of(1, 0xff, 0, 0, 3, 3)), /more than 65536/],
    ["SSL 2 form", Buffer.from([0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10]), /without a server name/],
    ["an unknown major version", Buffer.from([0x16, 4, 0, 0, 5, 1, 0, 0, 1, 0]), /not of the handshake/],
  ];
  for (const [what, message, reason] of refused) {
    test(`refuses ${what}, whole and byte by byte, and lets nothing through`, () => {
      for (const chunks of [[message], byBytes(message)]) {
        const result = run(chunks);
        assert.equal(result.verdict, "refuse");
        assert.match(result.reason, reason);
        assert.equal(result.passed, 0);
      }
    });
  }

  const permitted: readonly [what: string, message: Buffer][] = [
    ["the right name", hello({ serverNames: [NAME] })],
    ["other case and a trailing dot", hello({ serverNames: ["AlloweD.Test."] })],
    ["fragments of one byte", fragmented({ serverNames: [NAME] }, 1)],
    ["fragments of 100 bytes", fragmented({ serverNames: [NAME] }, 100)],
    ["a long hello", hello({ serverNames: [NAME], extensions: [[21, Buffer.alloc(10_000)]] })],
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    ["SSH", Buffer.from("SSH-2.0-client\r\n")],
    ["telnet options, which look like a long SSL 2 record", Buffer.from([0xff, 0xfb, 0x01, 0xff, 0xfb, 0x03])],
    ["a binary protocol with a high first byte", Buffer.from([0x80, 0x00, 0x02, 0x03, 0x04])],
  ];
  for (const [what, message] of permitted) {
    test(`lets ${what} through, whole and byte by byte`, () => {
      for (const chunks of [[message], byBytes(message)]) {
        assert.deepEqual(run(chunks), { verdict: "done", passed: message.length, reason: "" });
      }
    });
  }

  test("holds until the hello is complete", () => {
    const message = hello({ serverNames: [NAME] });
    assert.deepEqual(run([message.subarray(0, -1)]), { verdict: "hold", passed: 0, reason: "" });
  });

  test("refuses a second hello with another name after a retry, also behind early data and in fragments", () => {
    const evil = { serverNames: ["evil.test"], extensions: [SUPPORTED_VERSIONS] };
    const early = { serverNames: [NAME], extensions: [SUPPORTED_VERSIONS, EARLY_DATA] };
    for (const second of [hello(evil), fragmented(evil, 1), fragmented(evil, 3)]) {
      for (const first of [
        [hello(RIGHT), CHANGE_CIPHER_SPEC],
        [hello(early), CHANGE_CIPHER_SPEC, EARLY_RECORD, EARLY_RECORD],
      ]) {
        const before = first.reduce((sum, chunk) => sum + chunk.length, 0);
        const whole = run([...first, second]);
        assert.equal(whole.verdict, "refuse");
        assert.equal(whole.passed, before);
        const dribbled = run([...first, ...byBytes(second)]);
        assert.equal(dribbled.verdict, "refuse");
        // The type, length and version may have passed before it was clear what it is; the name never.
        assert.ok(dribbled.passed - before <= 35, String(dribbled.passed - before));
      }
    }
  });

  test("lets a second hello with the same name through", () => {
    const result = run([hello(RIGHT), CHANGE_CIPHER_SPEC, ...byBytes(hello(RIGHT)), EARLY_RECORD]);
    assert.equal(result.verdict, "done");
  });

  test("ends with the first encrypted record, or with the key exchange of TLS 1.2", () => {
    assert.equal(run([hello(RIGHT), CHANGE_CIPHER_SPEC]).verdict, "pass");
    assert.equal(run([hello(RIGHT), CHANGE_CIPHER_SPEC, EARLY_RECORD]).verdict, "done");
    assert.equal(run([hello(RIGHT), record(handshake(Buffer.alloc(66), 16))]).verdict, "done");
    assert.equal(run([hello(RIGHT), CHANGE_CIPHER_SPEC, record(Buffer.alloc(40, 0xee))]).verdict, "done");
  });

  test("reads what a real client sends", async () => {
    for (const [servername, verdict] of [
      [NAME, "pass"],
      ["evil.test", "refuse"],
    ] as const) {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const accepted = once(server, "connection");
      const client = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, servername });
      client.on("error", () => undefined);
      const [socket] = (await accepted) as [import("node:net").Socket];
      const [message] = (await once(socket, "data")) as [Buffer];
      assert.equal(run([message]).verdict, verdict);
      client.destroy();
      socket.destroy();
      server.close();
    }
  });
});
