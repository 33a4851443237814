/** Nothing is let through by silence, nothing outlives the run, and the run outlives neither side. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeWorkspace, supervise, type Workspace } from "../support/supervised.ts";

let workspace: Workspace;
before(() => {
  workspace = makeWorkspace();
});
after(() => workspace.remove());

async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > end) assert.fail(`not within ${String(deadlineMs)} ms: ${what}`);
    await delay(10);
  }
}

/** Processes of this host whose command line holds the mark. */
function processesWith(mark: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(mark);
      } catch (error) {
        if (error instanceof Error && "code" in error && ["ENOENT", "ESRCH"].includes(String(error.code))) return false;
        throw error;
      }
    })
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ESRCH"].includes(String(error.code))) return false;
    throw error;
  }
}

async function startSupervisor(mode: string, script: string): Promise<{ child: ChildProcess; launcher: number }> {
  const helper = join(import.meta.dirname, "../support/run-and-wait.ts");
  const child = spawn(process.execPath, [helper, workspace.path, mode, "sh", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  assert.ok(child.stdout);
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  return { child, launcher: Number(/launcher (\d+)/.exec(first.toString())?.[1]) };
}

const counter = (name: string): string => join(workspace.path, name);
const size = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

describe("when nobody answers", () => {
  test("a supervisor that hangs: all is stopped, then ended; what waited never ran", async () => {
    workspace.file("last", "#!/bin/sh\ntouch /work/ran\n", 0o755);
    const script = "(while :; do echo x >> /work/beat-1; sleep 0.02; done) & sleep 0.3; sh -c '/work/last' mark-1";
    const { child, launcher } = await startSupervisor("block", script);
    try {
      await until("the run goes on", () => size(counter("beat-1")) > 10);
      await until("the launcher gave up", () => !isAlive(launcher));
      const beats = size(counter("beat-1"));
      assert.deepEqual(processesWith("mark-1"), []);
      await delay(200);
      assert.equal(size(counter("beat-1")), beats, "something still ran");
      assert.equal(existsSync(join(workspace.path, "ran")), false);
      assert.ok(isAlive(child.pid ?? 0), "the supervisor itself was only silent");
    } finally {
      child.kill("SIGKILL");
    }
  });

  test("a supervisor that is stopped: ended as well, also while verdicts may be repeated", async () => {
    const { child, launcher } = await startSupervisor("short", "while :; do /bin/true; echo x >> /work/beat-2; done");
    try {
      await until("the run goes on", () => size(counter("beat-2")) > 10);
      child.kill("SIGSTOP");
      await until("the launcher gave up", () => !isAlive(launcher));
      const beats = size(counter("beat-2"));
      await delay(200);
      assert.equal(size(counter("beat-2")), beats);
    } finally {
      child.kill("SIGKILL");
    }
  });

  for (const victim of ["supervisor", "launcher"] as const) {
    test(`${victim} killed: nothing survives`, async () => {
      const script = `setsid sh -c 'while :; do echo x >> /work/beat-${victim}; sleep 0.02; done' mark-${victim} & exec sleep 1000`;
      const { child, launcher } = await startSupervisor("serve", script);
      const exited = once(child, "exit");
      try {
        await until("the run goes on", () => size(counter(`beat-${victim}`)) > 10);
        assert.ok(processesWith(`mark-${victim}`).length > 0);
        process.kill(victim === "launcher" ? launcher : (child.pid ?? 0), "SIGKILL");
        await until("all gone", () => !isAlive(launcher) && processesWith(`mark-${victim}`).length === 0);
      } finally {
        child.kill("SIGKILL");
        await exited;
      }
    });
  }

  test("a handler that fails refuses and ends the run", async () => {
    for (const fail of [
      (): never => {
        throw new Error("full disk");
      },
      () => Promise.reject(new Error("full disk")),
    ]) {
      const outcome = await supervise(workspace.path, ["sh", "-c", "/bin/true; touch /work/went-on"], {
        decide: ({ id }) => (id === 1 ? { allow: true, reuse: "never" } : fail()),
      });
      assert.ok(outcome.exit instanceof Error && "code" in outcome.exit);
      assert.equal(outcome.exit.code, "SANDBOX_HANDLER_FAILED");
      assert.match(String(outcome.exit.cause), /full disk/);
      assert.equal(outcome.execs.length, 2);
    }
  });
});

describe("freezing", () => {
  test("stops everything, holds verdicts, and lets go on", async () => {
    const beats = "(while :; do echo x >> /work/beat-3; sleep 0.01; done)";
    let resolveVerdict: (() => void) | undefined;
    const outcome = await supervise(
      workspace.path,
      ["sh", "-c", `${beats} & /usr/bin/id > /work/id-ran; until [ -e /work/seen ]; do sleep 0.01; done; kill $!`],
      {
        decide: ({ files }) => {
          if (files[0].path !== "/usr/bin/id") return { allow: true, reuse: "program" };
          return new Promise((resolve) => {
            resolveVerdict = () => {
              resolve({ allow: true, reuse: "never" });
            };
          });
        },
        whileRunning: async (sandbox) => {
          await until("asked", () => resolveVerdict !== undefined && size(counter("beat-3")) > 10);
          sandbox.freeze();
          await delay(100);
          const before = size(counter("beat-3"));
          resolveVerdict?.();
          await delay(200);
          assert.equal(size(counter("beat-3")), before, "frozen");
          assert.equal(size(counter("id-ran")), 0, "allowed while frozen: not let through yet");
          sandbox.thaw();
          await until("goes on", () => size(counter("beat-3")) > before && size(counter("id-ran")) > 0);
          workspace.file("seen", "");
        },
      },
    );
    assert.deepEqual(outcome.exit, { status: 0, signal: undefined });
  });
});

describe("a run is told what to do", () => {
  test("signals reach the command, kill ends all", async () => {
    const trapped = await supervise(
      workspace.path,
      ["sh", "-c", "trap 'exit 9' USR1; : > /work/trapping; while :; do sleep 0.02; done"],
      {
        whileRunning: async (sandbox) => {
          await until("trap is set", () => existsSync(join(workspace.path, "trapping")));
          sandbox.signal("SIGUSR1");
        },
      },
    );
    assert.deepEqual(trapped.exit, { status: 9, signal: undefined });
    const killed = await supervise(workspace.path, ["sh", "-c", "sleep 1000 & exec sleep 1000"], {
      whileRunning: async (sandbox) => {
        await delay(50);
        sandbox.kill();
      },
    });
    assert.deepEqual(killed.exit, { status: undefined, signal: "SIGKILL" });
    for (const { id } of killed.execs) assert.ok(killed.ends.has(id));
  });

  test("its sockets: whose they are, and connections into it", async () => {
    const server =
      "import socket\ns=socket.create_server(('127.0.0.1',4321))\nopen('/work/listening','w')\nc,_=s.accept()\nc.sendall(b'hello from inside')\n";
    const client = "import socket,sys\nc=socket.create_connection(('198.18.7.7',8080))\nc.recv(10)\n";
    workspace.file("server.py", server);
    workspace.file("client.py", client);
    let owner: number | undefined;
    const outcome = await supervise(
      workspace.path,
      ["sh", "-c", "python3 /work/client.py; exec python3 /work/server.py"],
      {
        tcpPorts: [8080],
        whileRunning: async (sandbox) => {
          const listener = sandbox.listeners.get(8080);
          assert.ok(listener);
          const [socket] = (await once(listener, "connection")) as [import("node:net").Socket];
          const ends = {
            protocol: "tcp",
            localAddress: socket.remoteAddress ?? "",
            localPort: socket.remotePort ?? 0,
            remoteAddress: socket.localAddress ?? "",
            remotePort: socket.localPort ?? 0,
          } as const;
          assert.equal(socket.localAddress?.replace("::ffff:", ""), "198.18.7.7");
          owner = await sandbox.findOwner(ends);
          assert.equal(await sandbox.findOwner({ ...ends, localPort: 1 }), undefined);
          socket.end("x");
          await assert.rejects(sandbox.connectInside(4322), { code: "SANDBOX_CONNECT_FAILED" });
          await until("listening", () => existsSync(join(workspace.path, "listening")));
          const inside = await sandbox.connectInside(4321);
          let text = "";
          for await (const chunk of inside) text += String(chunk);
          assert.equal(text, "hello from inside");
        },
      },
    );
    const asking = outcome.execs.findLast(({ files }) => files[0].argv[1] === "/work/client.py");
    assert.equal(owner, asking?.id);
    assert.deepEqual(outcome.exit, { status: 0, signal: undefined });
  });

  test("a sandbox that cannot be built has run nothing, and says why", async () => {
    await assert.rejects(supervise("/nowhere/at/all", ["true"]), {
      code: "SANDBOX_LAUNCH_FAILED",
      message: /\/nowhere\/at\/all/,
    });
  });
});

test("the launcher's last words are read, also by a supervisor that was late and answers what nobody waits for any more", async () => {
  const script = "/bin/true & i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 7";
  let launcher = 0;
  const outcome = await supervise(workspace.path, ["sh", "-c", script], {
    decide: ({ files }) => {
      // Nothing is read and nothing answered while the command ends, and with it the run.
      if (files[0].path === "/usr/bin/true") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
      return { allow: true, reuse: "never" };
    },
    whileRunning: ({ launcherPid }) => {
      launcher = launcherPid;
    },
  });
  assert.deepEqual(outcome.exit, { status: 7, signal: undefined });
  assert.ok(!isAlive(launcher));
});

describe("many", () => {
  test("a storm of execs, from many processes at once: all seen, all ended, nothing kept", async () => {
    let descriptors = 0;
    let memory = 0;
    const script =
      "for i in 1 2 3 4 5 6 7 8; do (for j in $(seq 100); do /bin/true $i $j; done) & done; wait; : > /work/storm-over; sleep 0.3";
    const outcome = await supervise(workspace.path, ["bash", "-c", script], {
      decide: ({ id }) =>
        id % 3 === 0 ? Promise.resolve({ allow: true, reuse: "never" }) : { allow: true, reuse: "exact" },
      whileRunning: async ({ launcherPid }) => {
        await until("over", () => existsSync(join(workspace.path, "storm-over")), 60_000);
        descriptors = readdirSync(`/proc/${String(launcherPid)}/fd`).length;
        memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(launcherPid)}/status`, "utf8"))?.[1]);
      },
    });
    const storm = outcome.execs.filter(({ files }) => files[0].path === "/usr/bin/true");
    assert.equal(storm.length, 800);
    assert.equal(new Set(storm.map(({ files }) => files[0].argv.join(" "))).size, 800);
    assert.ok(outcome.execs.every(({ id }) => outcome.ends.has(id)));
    assert.ok(storm.every(({ id }) => outcome.ends.get(id)?.cpuMs !== undefined));
    assert.ok(storm.every(({ parent }) => parent === 1));
    assert.ok(descriptors < 40, `${String(descriptors)} descriptors`);
    assert.ok(memory < 16 * 1024, `${String(memory)} KiB`);
  });
});
