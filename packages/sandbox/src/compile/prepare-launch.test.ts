import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import type { LaunchSpec, Mount } from "../launch-spec.ts";
import { loadProfile } from "../profile/load-profile.ts";
import type { LaunchRequest, Prepared } from "./launch-request.ts";
import { prepareLaunch } from "./prepare-launch.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "bailiwick-compile-")));
after(() => {
  rmSync(folder, { recursive: true });
});

let places = 0;

/** A person's home with a project in it, and a state directory; `files` are below the home, a trailing slash means a directory. */
function makePlace(files: Readonly<Record<string, string>> = {}) {
  const root = join(folder, String(places++));
  const place = { root, home: join(root, "home"), workspace: join(root, "home/project"), state: join(root, "state") };
  for (const path of [place.workspace, place.state, join(place.state, "home")]) mkdirSync(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(place.home, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(path, content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  return place;
}

type Place = ReturnType<typeof makePlace>;

function git(directory: string, ...args: string[]): void {
  execFileSync("git", ["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", ...args], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: folder, GIT_CONFIG_NOSYSTEM: "1" },
  });
}

async function prepare(place: Place, toml = "", request: Partial<LaunchRequest> = {}): Promise<Prepared> {
  const path = join(place.root, "p.toml");
  writeFileSync(path, toml);
  const { profile } = await loadProfile({
    nameOrFile: path,
    workspace: place.workspace,
    configDirectory: join(place.root, "config"),
    cache: undefined,
    layers: [],
    additions: { allowHosts: [], publish: [], home: undefined },
  });
  return prepareLaunch({
    profile,
    workspace: place.workspace,
    directory: place.workspace,
    command: ["true"],
    environment: { PATH: "/usr/bin:/bin" },
    agentEnvironment: {},
    extraEnvironment: {},
    installation: [],
    personHome: place.home,
    homeDirectory: join(place.state, "home"),
    stateDirectory: place.state,
    trust: undefined,
    knownHosts: undefined,
    terminal: false,
    supervise: true,
    denyFilter: new Uint8Array(),
    ...request,
  });
}

/** The mounts at and below a path, one line each. */
function mountsBelow(spec: LaunchSpec, place: Place, path: string): readonly string[] {
  return spec.mounts
    .filter(({ target }) => target === path || target.startsWith(`${path}/`))
    .map((mount) => describeMount(mount).replaceAll(`${path}/`, "").replaceAll(place.root, "ROOT"));
}

function describeMount(mount: Mount): string {
  if (mount.kind === "bind") {
    return `bind ${mount.writable ? "rw" : "ro"} ${mount.target}${mount.source === mount.target ? "" : ` = ${mount.source}`}`;
  }
  if (mount.kind === "cover") {
    return `cover ${mount.target}${mount.directory ? "/" : ` ${JSON.stringify(Buffer.from(mount.content).toString())}`}`;
  }
  return `${mount.kind} ${mount.target}`;
}

const SMALL = `extends = "bare"
[filesystem]
write = ["{workspace}"]
mask = [".env", ".env.*", "!.env.example", ".ssh/", "id_rsa"]
protect = [".git/hooks", ".git/config", ".claude/", ".mcp.json", "tools/hooks/"]
`;

test("golden: a repository with secrets, a submodule and a hooks directory of its own", async () => {
  const place = makePlace({
    "project/.env": "A=1",
    "project/.env.example": "A=",
    "project/app/.env.local": "B=2",
    "project/app/.ssh/known": "",
    "project/.mcp.json": "{}",
    "project/.githooks/pre-push": "#!/bin/sh\n",
    "library/readme": "x",
  });
  git(join(place.home, "library"), "init", "-q");
  git(join(place.home, "library"), "add", ".");
  git(join(place.home, "library"), "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x");
  git(place.workspace, "init", "-q");
  git(place.workspace, "submodule", "--quiet", "add", join(place.home, "library"), "lib");
  git(place.workspace, "config", "core.hooksPath", ".githooks");
  writeFileSync(join(place.workspace, ".git/info/exclude"), "*.tmp");
  const before = readdirSync(place.workspace).sort();
  const prepared = await prepare(place, SMALL);
  assert.deepEqual(mountsBelow(prepared.spec, place, place.workspace), [
    "bind rw ROOT/home/project",
    "cover .claude/",
    'cover .env ""',
    "pin .git",
    'cover .git/commondir ".\\n"',
    "protect .git/config",
    "protect .git/hooks",
    'cover .git/info/exclude "*.tmp\\n/.env\\n/app/.env.local\\n/app/.ssh\\n"',
    "pin .git/modules",
    "pin .git/modules/lib",
    'cover .git/modules/lib/commondir ".\\n"',
    "protect .git/modules/lib/config",
    "protect .git/modules/lib/hooks",
    "protect .githooks",
    "protect .mcp.json",
    'cover app/.env.local ""',
    "cover app/.ssh/",
    "pin lib",
    "protect lib/.git",
    "pin tools",
    "cover tools/hooks/",
  ]);
  assert.deepEqual(prepared.spec.landlock, [
    { path: "/", access: "read-execute" },
    ...["/dev", "/tmp", place.home, place.workspace].sort().map((path) => ({ path, access: "write" })),
  ]);
  assert.deepEqual(prepared.spec.command, {
    argv: ["true"],
    environment: prepared.spec.command.environment,
    cwd: place.workspace,
    hostname: "bailiwick",
  });
  assert.deepEqual(prepared.spec.network, { tcpPorts: [], bindPorts: undefined });
  // The person's own git works meanwhile, and afterwards nothing is left.
  git(place.workspace, "status");
  prepared.release();
  assert.deepEqual(readdirSync(place.workspace).sort(), before);
  assert.ok(!existsSync(join(place.workspace, ".git/commondir")));
});

describe("protected names", () => {
  test("without a repository, `.git` as a whole is held, and nothing stays", async () => {
    const place = makePlace();
    const prepared = await prepare(place, SMALL);
    const lines = mountsBelow(prepared.spec, place, place.workspace);
    assert.ok(lines.includes("cover .git/"), lines.join("\n"));
    assert.ok(!lines.some((line) => line.includes(".git/hooks")));
    assert.ok(lines.includes('cover .mcp.json "{\\"mcpServers\\":{}}\\n"'));
    assert.deepEqual(readdirSync(join(place.workspace, ".git")), []);
    prepared.release();
    assert.deepEqual(readdirSync(place.workspace), []);
  });

  test("a second run beside the first holds the same, and does not take it for the person's", async () => {
    const place = makePlace();
    const [first, second] = [await prepare(place, SMALL), await prepare(place, SMALL)];
    assert.deepEqual(mountsBelow(second.spec, place, place.workspace), mountsBelow(first.spec, place, place.workspace));
    first.release();
    assert.ok(existsSync(join(place.workspace, ".git")));
    second.release();
    assert.deepEqual(readdirSync(place.workspace), []);
  });

  for (const [what, link] of [
    ["is", ".claude"],
    ["is reached through", "tools"],
  ] as const) {
    test(`one that ${what} a symbolic link ends the launch, and nothing is left`, async () => {
      const place = makePlace({ "elsewhere/hooks/": "" });
      symlinkSync(join(place.home, "elsewhere"), join(place.workspace, link));
      await assert.rejects(prepare(place, SMALL), { code: "SANDBOX_WORKSPACE_REFUSED", message: /symbolic link/ });
      assert.deepEqual(readdirSync(place.workspace), [link]);
      assert.deepEqual(readdirSync(join(place.home, "elsewhere")), ["hooks"]);
      const taken = `${SMALL}\n`.replace('"tools/hooks/"]', '"tools/hooks/", "!tools/hooks/", "!.claude"]');
      (await prepare(place, taken)).release();
    });
  }

  test("a directory that stands where a file was expected is protected as it is, and a file for a directory", async () => {
    const place = makePlace({ "project/.mcp.json/x": "", "project/.claude": "", "project/tools": "" });
    const prepared = await prepare(place, SMALL);
    const lines = mountsBelow(prepared.spec, place, place.workspace);
    for (const name of [".mcp.json", ".claude", "tools"]) assert.ok(lines.includes(`protect ${name}`), name);
    prepared.release();
  });

  test("a worktree's `.git` file can't be made to lead elsewhere", async () => {
    const place = makePlace({ "project/.git": "gitdir: /elsewhere\n", "project/sub/.git": "gitdir: ../x\n" });
    const prepared = await prepare(place, SMALL);
    const lines = mountsBelow(prepared.spec, place, place.workspace);
    for (const line of ["protect .git", "pin sub", "protect sub/.git"]) assert.ok(lines.includes(line), line);
    prepared.release();
  });

  test("a repository's directory that a profile makes writable by itself is protected like one in the workspace", async () => {
    const place = makePlace({ "main/x": "" });
    git(join(place.home, "main"), "init", "-q");
    const prepared = await prepare(place, `${SMALL}`.replace('"{workspace}"', '"{workspace}", "~/main/.git"'));
    const lines = mountsBelow(prepared.spec, place, join(place.home, "main/.git"));
    for (const line of ["protect config", "protect hooks", 'cover commondir ".\\n"'])
      assert.ok(lines.includes(line), line);
    prepared.release();
  });

  test("a workspace that is read-only needs no placeholders", async () => {
    const place = makePlace({ "project/.env": "A=1", "project/out/": "" });
    const prepared = await prepare(place, SMALL.replace('"{workspace}"', '"{workspace}/out"'));
    assert.deepEqual(mountsBelow(prepared.spec, place, place.workspace), [
      "bind ro ROOT/home/project",
      "bind rw out",
      'cover .env ""',
    ]);
    assert.deepEqual(readdirSync(place.workspace).sort(), [".env", "out"]);
    prepared.release();
  });
});

describe("masked names", () => {
  test("a link is covered where it leads, inside; what it leads to outside is not there", async () => {
    const place = makePlace({ "project/real/settings": "A=1", secret: "B=2" });
    symlinkSync("real/settings", join(place.workspace, ".env"));
    symlinkSync(join(place.home, "secret"), join(place.workspace, ".env.local"));
    symlinkSync("..", join(place.workspace, "id_rsa"));
    const prepared = await prepare(place, SMALL);
    assert.deepEqual(
      prepared.covered.filter((path) => path.startsWith(place.home)),
      [join(place.workspace, "real/settings")],
    );
    prepared.release();
  });

  test("names that are not UTF-8 are found, and a directory that can't be read is not shown", async (context) => {
    const place = makePlace({ "project/closed/.env": "A=1" });
    const odd = Buffer.concat([Buffer.from(`${place.workspace}/`), Buffer.of(0x6f, 0xff)]);
    mkdirSync(odd);
    writeFileSync(Buffer.concat([odd, Buffer.from("/.env")]), "A=1");
    const first = await prepare(place, SMALL);
    assert.ok(first.covered.includes(`${place.workspace}/o\udcff/.env`));
    first.release();
    if (process.getuid?.() === 0) {
      context.diagnostic("root reads every directory");
      return;
    }
    chmodSync(join(place.workspace, "closed"), 0o000);
    const second = await prepare(place, SMALL);
    assert.ok(second.covered.includes(join(place.workspace, "closed")));
    second.release();
    chmodSync(join(place.workspace, "closed"), 0o700);
  });

  test("one that git tracks is named, and one whose name only ends alike is not", async () => {
    const place = makePlace({ "project/.env": "A=1", "project/sub/.env": "B=2" });
    git(place.workspace, "init", "-q");
    git(place.workspace, "add", "sub/.env");
    const prepared = await prepare(place, SMALL);
    assert.equal(prepared.warnings.length, 1);
    assert.match(prepared.warnings[0] ?? "", /^`sub\/.env` is masked, and git tracks it/);
    prepared.release();
  });

  test("in other trees that the profile shows, too", async () => {
    const place = makePlace({ "other/.env": "A=1", "data/.env": "B=2" });
    const prepared = await prepare(
      place,
      SMALL.replace('write = ["{workspace}"]', 'read = ["~/other"]\nwrite = ["{workspace}", "~/data"]'),
    );
    for (const name of ["other/.env", "data/.env"]) assert.ok(prepared.covered.includes(join(place.home, name)), name);
    prepared.release();
  });
});

describe("workspace", () => {
  test("a symbolic link to it works, with its real path inside", async () => {
    const place = makePlace({ "project/sub/": "" });
    const link = join(place.home, "link");
    symlinkSync(place.workspace, link);
    const prepared = await prepare(place, SMALL, { workspace: link, directory: join(link, "sub") });
    assert.equal(prepared.workspace, place.workspace);
    assert.equal(prepared.spec.command.cwd, join(place.workspace, "sub"));
    assert.ok(prepared.spec.command.environment.includes(`PWD=${place.workspace}/sub`));
    prepared.release();
  });

  for (const [what, of] of [
    ["the root", () => "/"],
    ["the home", (place: Place) => place.home],
    ["what holds the home", (place: Place) => place.root],
    ["the state", (place: Place) => place.state],
    ["what lies in the state", (place: Place) => join(place.state, "home")],
    ["a directory of the system", () => "/usr/lib"],
    ["/etc", () => "/etc"],
    ["nothing", (place: Place) => join(place.root, "none")],
    ["a file", () => "/etc/passwd"],
  ] as const) {
    test(`${what} is refused`, async () => {
      const place = makePlace();
      await assert.rejects(prepare(place, SMALL, { workspace: of(place) }), { code: "SANDBOX_WORKSPACE_REFUSED" });
    });
  }

  for (const [what, line] of [
    ["to write where secrets are", 'write = ["~/.ssh"]'],
    ["to read where secrets are", 'read = ["~/.aws"]'],
    ["to read what holds secrets", 'read = ["~/.config"]'],
    ["to write what is not there", 'write = ["~/none"]'],
    ["to write a directory of the system", 'write = ["/usr/lib"]'],
    ["to write what holds the home", 'write = ["{workspace}/.."]'],
    ["to read what holds the home", "read = [HOLDS]"],
    ["to read devices", 'read = ["/dev"]'],
  ] as const) {
    test(`a profile that wants ${what} is refused`, async () => {
      const place = makePlace({ ".ssh/": "", ".aws/": "", ".config/gh/": "" });
      const toml = `extends = "bare"\n[filesystem]\n${line.replace("HOLDS", JSON.stringify(place.root))}\n`;
      await assert.rejects(prepare(place, toml), (error: unknown) => {
        assert.ok(error instanceof Error && "code" in error);
        return error.code === "SANDBOX_VIEW_REFUSED" || error.code === "SANDBOX_PROFILE_INVALID";
      });
    });
  }
});

describe("the rest of the spec", () => {
  test("a listener for each port, once", async () => {
    const place = makePlace();
    const prepared = await prepare(place, `${SMALL}[network]\nallow = ["b.test:443", "a.test:80", "*.c.test:443"]\n`);
    assert.deepEqual(prepared.spec.network.tcpPorts, [80, 443]);
    prepared.release();
    const many = Array.from({ length: 257 }, (_, index) => `"a.test:${String(index + 1)}"`).join(",");
    await assert.rejects(prepare(place, `${SMALL}[network]\nallow = [${many}]\n`), { code: "SANDBOX_VIEW_REFUSED" });
    assert.deepEqual(readdirSync(place.workspace), []);
  });

  test("system directories only to be read, own /tmp, /proc and /dev, nothing of /run, /sys and the home", async () => {
    const place = makePlace({ ".ssh/id_ed25519": "KEY" });
    const { spec, release } = await prepare(place, SMALL);
    const kinds = new Map(spec.mounts.map((mount) => [mount.target, mount]));
    for (const [target, kind] of [
      ["/proc", "proc"],
      ["/dev", "dev"],
      ["/tmp", "tmpfs"],
      ["/run", "directory"],
    ] as const) {
      assert.equal(kinds.get(target)?.kind, kind);
    }
    assert.ok(!kinds.has("/sys") && !kinds.has("/home"));
    const writable = spec.mounts.filter((mount) => "writable" in mount && mount.writable).map(({ target }) => target);
    assert.deepEqual(writable.sort(), ["/tmp", place.home, place.workspace].sort());
    assert.ok(!spec.mounts.some((mount) => mount.kind === "bind" && mount.source.includes(".ssh")));
    const text = new Map(
      spec.mounts.flatMap((mount) =>
        "content" in mount ? [[mount.target, Buffer.from(mount.content).toString()]] : [],
      ),
    );
    assert.ok([...text.values()].some((content) => content.startsWith("nameserver 198.18.0.1\n")));
    release();
  });

  test("where the person's home is `/`, the private one is elsewhere", async () => {
    const place = makePlace();
    const { spec, release } = await prepare(place, SMALL, { personHome: "/" });
    assert.ok(spec.command.environment.includes("HOME=/home/agent"));
    assert.ok(spec.mounts.some(({ kind, target }) => kind === "bind" && target === "/home/agent"));
    release();
  });
});
