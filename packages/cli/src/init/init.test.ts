import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { adapterFor, adapters } from "@bailiwick/agents";
import { runPolicyTests, STANDARD_POLICIES } from "@bailiwick/policy";
import { loadProfile, type LoadedProfile } from "@bailiwick/sandbox";
import { initCommand, writeInit } from "./init-command.ts";
import { AGENT_PROGRAMS, planInit, type InitPlan, type InitRequest } from "./plan-init.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "bailiwick-init-")));
after(() => {
  rmSync(folder, { recursive: true });
});

let places = 0;

function makePlace(files: Readonly<Record<string, string>>) {
  const home = join(folder, String(places++), "home");
  const place = {
    home,
    project: join(home, "project"),
    config: join(home, ".config/bailiwick"),
    state: join(home, "../state"),
  };
  for (const path of [place.project, place.state]) mkdirSync(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), content, { mode: 0o755 });
  }
  return place;
}

function plan(
  files: Readonly<Record<string, string>>,
  request: Partial<InitRequest> = {},
): InitPlan & { place: ReturnType<typeof makePlace> } {
  const place = makePlace(files);
  const planned = planInit({
    directory: place.project,
    home: place.home,
    environment: {},
    ask: () => undefined,
    configDirectory: place.config,
    stateDirectory: place.state,
    ...request,
  });
  return { ...planned, place };
}

async function load({ place }: ReturnType<typeof plan>): Promise<LoadedProfile> {
  return await loadProfile({
    nameOrFile: undefined,
    workspace: place.project,
    configDirectory: place.config,
    cache: undefined,
    layers: [],
    additions: { allowHosts: [], publish: [], home: undefined },
  });
}

const hosts = (planned: InitPlan): readonly string[] => planned.hosts.map(({ host }) => host).sort();

const asked =
  (answers: Readonly<Record<string, string>>): InitRequest["ask"] =>
  (command) =>
    answers[command];

describe("what is found", () => {
  for (const [what, files, request, kinds, expected] of [
    [
      "npm: the project's, a scope's, the person's with a variable, the tool's own, the lock file's; no password",
      {
        "project/package.json": '{"homepage":"https://nobody.test"}',
        "project/.npmrc":
          "registry=https://npm.corp.test:4873/\n@team:registry=https://team.test/npm\n//team.test/:_authToken=abc\n",
        ".npmrc": "; registry=https://commented.test\n@x:registry = https://${USER}:hunter2@person.test/\n",
        "project/package-lock.json":
          '{"a":{"resolved": "https://tar.test/a.tgz","funding":{"url": "https://funding.test"}}}',
      },
      { environment: { USER: "me" }, ask: asked({ npm: "https://default.test/" }) },
      ["Node"],
      ["default.test:443", "npm.corp.test:4873", "person.test:443", "tar.test:443", "team.test:443"],
    ],
    [
      "pip: configuration of the person instead of pip's own default",
      {
        "project/pyproject.toml":
          '[project]\nurl = "https://homepage.test"\n[[tool.uv.index]]\nname = "x"\nurl = "https://uv.test/simple"\n[[tool.poetry.source]]\nurl = "https://poetry.test"\n',
        "project/requirements.txt": "--extra-index-url https://extra.test/simple\nrequests\n",
        ".config/pip/pip.conf": "[global]\nindex-url = https://pip.corp.test/simple\n",
        "project/uv.lock": 'sdist = { url = "https://files.test/x.tar.gz" }\n',
      },
      { ask: asked({ python3: "https://default.test/simple/\nhttps://default-files.test" }) },
      ["Python"],
      ["extra.test:443", "files.test:443", "pip.corp.test:443", "poetry.test:443", "uv.test:443"],
    ],
    [
      "pip: its own default when nothing is configured",
      { "project/setup.py": "" },
      { ask: asked({ python3: "https://default.test/simple/\nhttps://default-files.test" }) },
      ["Python"],
      ["default-files.test:443", "default.test:443"],
    ],
    [
      "cargo: mirrors, registries, and what was used before",
      {
        "project/Cargo.toml": "",
        "project/.cargo/config.toml": '[registries.corp]\nindex = "sparse+https://cargo.corp.test/index/"\n',
        ".cargo/config.toml":
          '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+https://mirror.test/"\n',
        ".cargo/registry/index/index.used.test-1949cf8c6b5b557f/config.json":
          '{"dl":"https://static.used.test/crates","api":"https://used.test"}',
      },
      {},
      ["Rust"],
      ["cargo.corp.test:443", "index.used.test:443", "mirror.test:443", "static.used.test:443", "used.test:443"],
    ],
    [
      "go: proxies and checksums as it says itself",
      { "project/go.mod": "module x" },
      { ask: asked({ go: "https://proxy.test,https://second.test|direct\nsum.test" }) },
      ["Go"],
      ["proxy.test:443", "second.test:443", "sum.test:443"],
    ],
    [
      "go: its own file when it is not there",
      {
        "project/go.mod": "module x",
        ".config/go/env": "GOPROXY=https://proxy.test\nGOSUMDB=sum.test+abc https://mirror.test/sum\n",
      },
      {},
      ["Go"],
      ["mirror.test:443", "proxy.test:443"],
    ],
    [
      "maven and gradle: mirrors and repositories, not every URL",
      {
        "project/pom.xml":
          "<project><url>https://homepage.test</url><repositories><repository><id>a</id><url>https://repo.test/m</url></repository></repositories></project>",
        ".m2/settings.xml":
          "<settings><mirrors><mirror><url> http://mirror.test:8081/m </url></mirror></mirrors></settings>",
        "project/build.gradle.kts":
          'repositories { maven { url = uri("https://gradle.test/m") }\n maven("https://short.test") }\nval x = "https://other.test"',
        "project/gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://dist.test/gradle.zip\n",
      },
      {},
      ["Java"],
      ["dist.test:443", "gradle.test:443", "mirror.test:8081", "repo.test:443", "short.test:443"],
    ],
    [
      "git: remotes by HTTPS",
      {
        "project/.git/config":
          '[core]\n\turl = https://no.test\n[remote "origin"]\n\turl = https://token@git.test/x.git\n\tpushurl = https://push.test:8443/x\n[submodule "s"]\n\turl = https://sub.test\n',
      },
      {},
      [],
      ["git.test:443", "push.test:8443"],
    ],
    ["nothing", {}, {}, [], []],
  ] as const) {
    test(what, async () => {
      const planned = plan(files, request);
      assert.deepEqual(planned.kinds, kinds);
      assert.deepEqual(hosts(planned), expected);
      const text = planned.files.map(({ content }) => content).join("");
      assert.ok(!/hunter2|token@|abc/.test(text), "a secret was written");
      writeInit(planned, { force: false });
      const { profile, sources } = await load(planned);
      assert.deepEqual([...profile.network.allow].sort(), expected);
      assert.equal(sources.length, 1);
    });
  }

  test("what can't be allowed by name becomes a note", () => {
    const planned = plan({
      "project/package.json": "{}",
      "project/.npmrc":
        "registry=http://127.0.0.1:4873/\n@a:registry=http://localhost:1/\n@b:registry=http://[::1]:2/\n@c:registry=file:///x\n",
      "project/.git/config": '[remote "o"]\n\turl = git@git.test:x.git\n',
    });
    assert.deepEqual(hosts(planned), []);
    assert.equal(planned.notes.filter((note) => note.includes("is an address")).length, 3);
    assert.ok(planned.notes.some((note) => note.includes("SSH")));
  });

  test("offers the rule set of each tool's registry, with the hosts it is configured for", async () => {
    const planned = plan({
      "project/package.json": "{}",
      "project/.npmrc": "registry=https://npm.test/\n@a:registry=https://npm.test:8443/\n",
      "project/setup.py": "",
      ".pip/pip.conf": "index-url = https://pip.test/simple\n",
      "project/.git/config": '[remote "o"]\n\turl = https://git.test/x.git\n',
    });
    writeInit(planned, { force: false });
    assert.deepEqual((await load(planned)).profile.network.rules, []);
    const [file] = planned.files;
    assert.ok(file !== undefined);
    writeFileSync(file.path, file.content.replaceAll(/^# (\[network\.rules|hosts =)/gm, "$1"));
    assert.deepEqual((await load(planned)).profile.network.rules, [
      { name: "npm", hosts: ["npm.test"], owners: [] },
      { name: "pypi", hosts: ["pip.test"], owners: [] },
    ]);
  });

  test("agents that are installed get the hosts of their models", () => {
    const place = makePlace({ "bin/claude": "" });
    const planned = plan({}, { environment: { PATH: join(place.home, "bin") } });
    assert.deepEqual(
      hosts(planned),
      adapterFor(["claude"], "/bin/claude")
        .hosts.filter(({ need }) => need === "model")
        .map(({ name, port }) => `${name}:${String(port)}`)
        .sort(),
    );
    assert.match(planned.files[0]?.content ?? "", /# "ANTHROPIC_API_KEY",/);
  });

  test("every agent that is known is looked for", () => {
    const found = AGENT_PROGRAMS.map((name) => adapterFor([name], `/bin/${name}`).name);
    assert.deepEqual(found.sort(), adapters.map(({ name }) => name).sort());
  });
});

describe("a hostile project", () => {
  test("says nothing in the profile but hosts: no line, no key, no escape sequence", async () => {
    const planned = plan({
      "project/package.json": "{}",
      "project/.npmrc":
        'registry=https://a.test/"]\n@b:registry=https://b.test",]\\n[environment]\n@c:registry=https://c.test\u001b[31m/\n@d:registry=https://d.test"#x\n',
      "project/package-lock.json": Array.from(
        { length: 100 },
        (_, index) => `"resolved": "https://h${String(index)}.test/x"`,
      ).join("\n"),
    });
    writeInit(planned, { force: false });
    const { profile } = await load(planned);
    assert.deepEqual(profile.environment, (await load(plan({}))).profile.environment);
    assert.equal(profile.network.allow.length, 64);
    assert.ok(!planned.files.some(({ content }) => content.includes("\u001b")));
    assert.ok(planned.notes.some((note) => note.includes("left out")));
  });

  test("is never where a tool is started, nor what is started", () => {
    const calls: string[] = [];
    const files = {
      "project/package.json": "",
      "project/pyproject.toml": "",
      "project/go.mod": "",
      "project/Cargo.toml": "",
      "project/pom.xml": "",
    };
    plan(files, {
      ask: (command, args) => {
        calls.push([command, ...args].join(" "));
        return undefined;
      },
    });
    assert.ok(calls.length >= 3);
    for (const call of calls) assert.ok(!call.includes(folder), call);
  });
});

describe("writing", () => {
  test("the policy is valid and passes its own tests", async () => {
    const planned = plan({});
    const [, policy, tests] = planned.files;
    const sources = [...STANDARD_POLICIES, { name: "policy.cedar", text: policy?.content ?? "" }];
    const report = await runPolicyTests({ sources, cache: undefined }, tests?.content ?? "");
    assert.deepEqual([report.passed, report.failed], [2, 0]);
  });

  test("replaces nothing unless told to, and then leaves no half", () => {
    const planned = plan({});
    const [profile, policy] = planned.files.map(({ path }) => path);
    assert.ok(profile !== undefined && policy !== undefined);
    mkdirSync(dirname(policy), { recursive: true });
    writeFileSync(policy, "mine");
    assert.throws(
      () => {
        writeInit(planned, { force: false });
      },
      { code: "CLI_INIT_EXISTS" },
    );
    assert.ok(!existsSync(profile));
    assert.equal(readFileSync(policy, "utf8"), "mine");
    writeInit(planned, { force: true });
    assert.equal(statSync(profile).mode & 0o777, 0o600);
    assert.notEqual(readFileSync(policy, "utf8"), "mine");
  });

  test("a project that is a link is found by what it leads to; a home is none", async () => {
    const place = makePlace({});
    symlinkSync(place.project, join(place.home, "link"));
    const environment = { HOME: place.home, BAILIWICK_HOME: place.state, PATH: "" };
    assert.throws(() => initCommand({ directory: place.home, environment }), { code: "SANDBOX_WORKSPACE_REFUSED" });
    const planned = plan({}, { directory: join(place.home, "link"), home: place.home });
    assert.equal(planned.directory, place.project);
  });
});
