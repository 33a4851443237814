/**
 * Promise 5 and 6, the company's server: a run on an enrolled host reaches neither the server, by whatever name or address, nor what the host is known there by.
 * Each probe is a small Python program; the negative control runs the same program outside, where it must succeed.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { freePort } from "../support/free-port.ts";
import { makePlace, ofType, personEnvironment, runGoverned, type Place } from "../support/governed.ts";

const ALL = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
const HAS_IPV6 = ALL.some(({ address }) => address === "::1");
/** Of this machine as others see it; a machine may have none. */
const OWN = ALL.filter(({ internal, scopeid }) => !internal && !scopeid);
const OWN_IPV4 = OWN.filter(({ family }) => family === "IPv4").map(({ address }) => address);
const OWN_IPV6 = HAS_IPV6 ? OWN.filter(({ family }) => family === "IPv6").map(({ address }) => address) : [];

/** Where the server is, as somebody could spell it. */
const ADDRESSES = [
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0.0.0.0",
  "127.9.9.9",
  "::ffff:127.0.0.1",
  "localhost",
  ...OWN_IPV4,
  ...OWN_IPV4.map((address) => `::ffff:${address}`),
  ...(HAS_IPV6 ? ["::1", "0:0:0:0:0:0:0:1"] : []),
  ...OWN_IPV6,
];

/** What a program gets that asks the server whether it is there. */
const ASK = (address: string, port: string): string => `
import http.client
try:
    c = http.client.HTTPConnection(${JSON.stringify(address)}, ${port}, timeout=5); c.request("GET", "/healthz", headers={"Host": "server"}); print(c.getresponse().read().decode().strip())
except OSError as error:
    print(type(error).__name__)
`;

function outside(place: Place, program: string): string {
  return execFileSync("/usr/bin/python3", ["-c", program], { encoding: "utf8", env: personEnvironment(place) }).trim();
}

describe("the company's server", () => {
  const serverPlace = makePlace();
  const place = makePlace();
  let server: RunningServer;
  let owner: SignedIn;
  let port: string;
  before(async () => {
    // Heard at all addresses, without TLS from this machine's own: whatever keeps a run from it is not the server.
    const trusted = ["127.0.0.1", ...OWN_IPV4, ...OWN_IPV6].join(",");
    const options = ["--listen", HAS_IPV6 ? "[::]:0" : "0.0.0.0:0", "--trusted-proxies", trusted];
    const started = await startServer(serverPlace, { options });
    ({ port } = new URL(started.url));
    server = { ...started, url: `http://127.0.0.1:${port}` };
    owner = await setUp(server);
    await enrol(owner, server, place);
  });
  after(async () => {
    await server.stop();
    for (const each of [serverPlace, place, owner.place]) each.remove();
  });

  for (const address of ADDRESSES) {
    test(`does not answer a run at ${address}`, async () => {
      const program = ASK(address, port);
      assert.equal(outside(place, program), "ok", "negative control: it answers outside");
      const inside = await runGoverned(place, { argv: ["/usr/bin/python3", "-c", program] });
      assert.equal(inside.status, 0, inside.stderr);
      assert.match(inside.stdout.trim(), /^(?:ConnectionRefusedError|OSError|gaierror)$/);
      assert.equal(ofType(inside.events, "exec.allowed").length, 1, "the record has the program that tried");
    });
  }

  test("does not answer at a name that is permitted and leads to it", async () => {
    const name = hostname();
    const program = ASK(name, port);
    assert.equal(outside(place, program), "ok", "negative control: the name leads to it outside");
    const options = ["--allow-host", `${name}:${port}`];
    const inside = await runGoverned(place, { argv: ["/usr/bin/python3", "-c", program], options });
    assert.equal(inside.status, 0, inside.stderr);
    assert.notEqual(inside.stdout.trim(), "ok");
    assert.notEqual(inside.stdout.trim(), "");
  });

  test("does not answer beside a port that the run publishes and listens at", async () => {
    const published = String(await freePort());
    const program = `import socket\ns = socket.socket(); s.bind(("127.0.0.1", ${published})); s.listen(); print("listens")\n${ASK("127.0.0.1", port)}`;
    const inside = await runGoverned(place, {
      argv: ["/usr/bin/python3", "-c", program],
      options: ["--publish", published],
    });
    assert.deepEqual(inside.stdout.trim().split("\n"), ["listens", "ConnectionRefusedError"]);
  });

  test("knows the host by a key that no run can read, nor what else is of the host", async () => {
    const paths = ["server/host.key", "server/enrolment.json", "server/policy/report.json"].map((path) =>
      join(place.state, path),
    );
    const home = `\nimport os\nprint(os.environ.get("BAILIWICK_HOME", "none"))`;
    const read = `
for path in ${JSON.stringify([place.state, ...paths])}:
    try:
        print("read", len(os.listdir(path) if os.path.isdir(path) else open(path, "rb").read()) > 0)
    except OSError as error:
        print(type(error).__name__)`;
    assert.match(outside(place, home + read), /^\/.*(?:\nread True){4}$/, "negative control: they are there outside");
    const inside = await runGoverned(place, { argv: ["/usr/bin/python3", "-c", home + read] });
    assert.equal(
      inside.stdout.trim(),
      ["none", ...Array<string>(4).fill("FileNotFoundError")].join("\n"),
      inside.stderr,
    );
  });
});
