/**
 * Promise 1, local services: no socket, descriptor or process of the host is reachable from a run. Entries 45 to 48 (class C4) and 53, 57.
 * Each probe is a small Python program; the negative control runs the same program outside, where it must succeed.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, ofType, personEnvironment, runGoverned } from "../support/governed.ts";

const SERVER = `
import socket, sys, os, threading
def stream(path):
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen()
    while True:
        c, _ = s.accept(); c.send(b"HOST"); c.close()
def datagram(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(path)
    while True:
        data, peer = s.recvfrom(99)
        if peer: s.sendto(b"HOST", peer)
def tcp():
    s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
    print(s.getsockname()[1], flush=True)
    while True:
        c, _ = s.accept(); c.send(b"HOST"); c.close()
root = sys.argv[1]
deep = root + "/home/project/deep"
os.mkdir(deep)
for target, arg in [(stream, root + "/s.sock"), (stream, deep + "/s.sock"), (datagram, deep + "/d.sock"), (stream, "\\0bailiwick-test-" + sys.argv[2]), (datagram, root + "/d.sock")]:
    threading.Thread(target=target, args=(arg,), daemon=True).start()
tcp()
`;

/** What is tried, and how it fails inside. */
const PROBES: Readonly<Record<string, readonly [program: string, failure: RegExp]>> = {
  "a stream socket by its path (45, 46)": [
    's=socket.socket(socket.AF_UNIX); s.connect(root+"/s.sock"); print(s.recv(9).decode())',
    /FileNotFoundError/,
  ],
  "a stream socket in the workspace (45)": [
    's=socket.socket(socket.AF_UNIX); s.connect(root+"/home/project/deep/s.sock"); print(s.recv(9).decode())',
    /ConnectionRefusedError/,
  ],
  "a datagram socket in the workspace (47)": [
    's=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(""); s.sendto(b"x", root+"/home/project/deep/d.sock"); s.settimeout(2); print(s.recv(9).decode())',
    /ConnectionRefusedError/,
  ],
  "an abstract socket (47)": [
    's=socket.socket(socket.AF_UNIX); s.connect("\\0bailiwick-test-"+tag); print(s.recv(9).decode())',
    /ConnectionRefusedError/,
  ],
  "a datagram socket (47)": [
    's=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(""); s.sendto(b"x", root+"/d.sock"); s.settimeout(2); print(s.recv(9).decode())',
    /FileNotFoundError/,
  ],
  "the host's loopback (44)": [
    's=socket.create_connection(("127.0.0.1", int(port)), 2); print(s.recv(9).decode())',
    /ConnectionRefusedError/,
  ],
  "a process of the host by signal (53)": [
    'import signal; os.kill(int(pid), 0); print("HOST" if os.path.exists("/proc/"+pid+"/cmdline") and b"bailiwick" in open("/proc/"+pid+"/cmdline","rb").read() else "other")',
    /ProcessLookupError|^$/,
  ],
};

describe("nothing of the host's answers", () => {
  const place = makePlace();
  let server: ChildProcess;
  let prefix: string;
  before(async () => {
    const tag = String(process.pid);
    server = spawn("/usr/bin/python3", ["-c", SERVER, place.root, tag], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(server.stdout!, "data")) as [Buffer];
    prefix = `import socket,os; root=${JSON.stringify(place.root)}; tag="${tag}"; port="${String(line).trim()}"; pid="${String(server.pid)}"; `;
  });
  after(() => {
    server.kill();
    place.remove();
  });

  for (const [name, [probe, failure]] of Object.entries(PROBES)) {
    test(name, async () => {
      const program = prefix + probe;
      const outside = execFileSync("/usr/bin/python3", ["-c", program], {
        encoding: "utf8",
        env: personEnvironment(place),
      });
      assert.equal(outside.trim(), "HOST", "negative control: it answers outside");
      const inside = await runGoverned(place, {
        argv: ["/usr/bin/python3", "-c", program],
      });
      assert.ok(!inside.stdout.includes("HOST"), `reached: ${inside.stdout}`);
      assert.notEqual(inside.status, 125, inside.stderr);
      assert.match(inside.stderr, failure);
      assert.equal(ofType(inside.events, "exec.allowed").length, 1, "the record has the program that tried");
    });
  }

  test("no descriptor is inherited (48)", async () => {
    const inside = await runGoverned(place, {
      argv: [
        "/bin/sh",
        "-c",
        "ls -l /proc/self/fd | awk '{print $9, $10, $11}' | grep -v '^[012] \\|^ *$\\|/proc/'; true",
      ],
    });
    assert.equal(inside.stdout.trim(), "");
  });

  test("sockets, keys and state of the person are not there (45, 46, 20, 44)", async () => {
    place.write("home/.ssh/id_ed25519", "PRIVATE");
    place.write("home/.aws/credentials", "PRIVATE");
    const looks = [
      "ls /run/docker.sock /var/run/docker.sock /run/user /run/dbus /tmp/.X11-unix 2>/dev/null",
      "cat ~/.ssh/id_ed25519 ~/.aws/credentials 2>/dev/null",
      `ls ${place.state} 2>/dev/null`,
      "cat /etc/shadow 2>/dev/null",
      "env | grep BAILIWICK",
      "ls /proc/1/root/ 2>/dev/null; cat /proc/1/environ 2>/dev/null",
    ];
    const inside = await runGoverned(place, {
      argv: ["/bin/sh", "-c", looks.join("; ") + "; true"],
      env: {
        SSH_AUTH_SOCK: join(place.root, "agent.sock"),
        AWS_SECRET_ACCESS_KEY: "PRIVATE",
        DBUS_SESSION_BUS_ADDRESS: "unix:path=/x",
      },
    });
    assert.equal(inside.stdout, "");
    assert.equal(inside.status, 0);
    const environment = await runGoverned(place, {
      argv: ["env"],
      env: { AWS_SECRET_ACCESS_KEY: "PRIVATE", SSH_AUTH_SOCK: "/x" },
    });
    assert.ok(!/PRIVATE|SSH_AUTH_SOCK/.test(environment.stdout), environment.stdout);
  });
});
