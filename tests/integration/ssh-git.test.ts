/** Git over SSH to OpenSSH's own server: named repositories, a pinned host key, and a key that the run never holds. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeRepository } from "../support/git-server.ts";
import { bailiwick, makePlace, ofType, runGoverned, type Governed } from "../support/governed.ts";
import { startSshServer, type SshServer } from "../support/ssh-server.ts";

const place = makePlace();
const repositories = join(place.root, "repositories");
let server: SshServer;
before(async () => {
  for (const name of ["acme/app.git", "acme/lib.git", "evil/drop.git"]) {
    mkdirSync(join(repositories, name, ".."), { recursive: true });
    makeRepository(repositories, name);
  }
  server = await startSshServer(join(place.root, "sshd"));
});
after(async () => {
  await server.close();
  place.remove();
});

const nameOf = (repository: string): string => join(repositories, repository).slice(1);
const urlOf = (repository: string): string =>
  `ssh://somebody@git.test:${String(server.port)}${join(repositories, repository)}.git`;

const profile = (more: { readonly hostKey?: string } = {}): string => `extends = "standard"
[network]
allow = ["git.test:${String(server.port)}"]
[network.hosts]
"git.test" = "127.0.0.1"
[ssh."git.test:${String(server.port)}"]
host-keys = ["${more.hostKey ?? server.hostKey}"]
key = { file = "${server.key}" }
user = "${userInfo().username}"
fetch = ["${nameOf("acme/lib")}"]
push = ["${nameOf("acme/app")}"]
`;

async function inside(script: string, more: Parameters<typeof profile>[0] = {}): Promise<Governed> {
  return await runGoverned(place, { argv: ["sh", "-c", script], profile: profile(more) });
}

const IDENTITY = "git -c user.name=a -c user.email=a@example.com";

describe("git over SSH", () => {
  test("clones, fetches and pushes where the profile says so, and the record says what", async () => {
    const run = await inside(
      `rm -rf app && git clone -q ${urlOf("acme/app")} app && cd app && echo more > more.txt && git add . && ${IDENTITY} commit -q -m more && git push -q origin HEAD:topic && git fetch -q && echo done`,
    );
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stdout, "done\n");
    const log = execFileSync(
      "git",
      ["-C", join(repositories, "acme/app.git"), "log", "--topo-order", "--format=%s", "--all"],
      {
        encoding: "utf8",
      },
    );
    assert.match(log, /^more\n/);
    const sent = ofType(run.events, "request.sent");
    assert.deepEqual(
      sent.map(({ method }) => method),
      ["git-upload-pack", "git-receive-pack", "git-upload-pack"],
    );
    for (const { path, credential, decision } of sent) {
      assert.equal(path, `${join(repositories, "acme/app")}.git`);
      assert.equal(credential, "ssh");
      assert.deepEqual(decision.policies, ["profile:ssh"]);
    }
    const ended = ofType(run.events, "request.ended");
    assert.deepEqual(
      ended.map(({ status, error }) => [status, error]),
      [
        [0, undefined],
        [0, undefined],
        [0, undefined],
      ],
    );
    assert.ok(ended.every(({ bytesReceived }) => bytesReceived > 0));
    assert.ok(!JSON.stringify(run.events).includes(readFileSync(server.key, "utf8").split("\n")[2] ?? "-"));
    assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
  });

  test("a repository that may be fetched may not be pushed to, and others neither", async () => {
    const before = server.log().length;
    const run = await inside(
      `rm -rf lib && git clone -q ${urlOf("acme/lib")} lib && cd lib && echo x > x && git add . && ${IDENTITY} commit -q -m x; git push -q origin HEAD:topic; echo "push $?"; git clone -q ${urlOf("evil/drop")} ../drop; echo "clone $?"`,
    );
    assert.match(run.stdout, /^push [1-9]\d*\nclone [1-9]\d*\n$/);
    assert.match(
      run.stderr,
      /refused: the profile has no `push` of `[^`]*acme\/lib` under `\[ssh\."git\.test"\]` \[policy profile:ssh\]/,
    );
    assert.match(run.stderr, /refused: the profile has no `fetch` of `[^`]*evil\/drop`/);
    assert.deepEqual(
      ofType(run.events, "request.refused").map(({ method }) => method),
      ["git-receive-pack", "git-upload-pack"],
    );
    assert.equal(
      server
        .log()
        .slice(before)
        .match(/Starting session: command/g)?.length,
      1,
      "the server saw the one clone",
    );
  });

  test("nothing but git: no shell, no other command, no forwarding, no files", async () => {
    const ssh = `$GIT_SSH_COMMAND -p ${String(server.port)} x@git.test`;
    const before = server.log().length;
    const run = await inside(
      [
        `${ssh} id; echo "command $?"`,
        `${ssh} "git-upload-pack '${join(repositories, "acme/app.git")}'; id"; echo "behind $?"`,
        `${ssh} "git-upload-pack '${repositories}/acme/../evil/drop.git'"; echo "dots $?"`,
        `${ssh} </dev/null; echo "shell $?"`,
        `${ssh} -s sftp </dev/null; echo "sftp $?"`,
        `${ssh} -o ExitOnForwardFailure=yes -N -R 9999:127.0.0.1:1; echo "remote $?"`,
        `${ssh} -W 127.0.0.1:1 </dev/null; echo "forward $?"`,
      ].join("\n"),
    );
    for (const line of run.stdout.trimEnd().split("\n")) assert.match(line, /^[a-z]+ [1-9]\d*$/);
    assert.equal(run.stdout.trimEnd().split("\n").length, 7, run.stdout);
    assert.ok(ofType(run.events, "request.refused").length >= 5);
    assert.doesNotMatch(server.log().slice(before), /Starting session/, "the server was asked for nothing");
  });

  test("a server with another key gets nothing", async () => {
    const other = join(place.root, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
    const hostKey = readFileSync(`${other}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
    const before = server.log().length;
    const run = await inside(`git clone -q ${urlOf("acme/app")} none; echo "$?"`, { hostKey });
    assert.notEqual(run.stdout, "0\n");
    assert.match(run.stderr, /its host key is none of those that the profile pins/);
    assert.doesNotMatch(server.log().slice(before), /Accepted publickey/);
    assert.equal(ofType(run.events, "request.ended")[0]?.status, undefined);
  });

  test("a client that trusts nobody else's key is shown this run's own", async () => {
    const strict = `ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -p ${String(server.port)} x@git.test id`;
    const run = await inside(`${strict}; echo "$?"`);
    assert.equal(run.stdout, "255\n");
    assert.match(run.stderr, /Host key verification failed/);
  });

  test("without the section, SSH passes as it is: it is the section that looks into it", async () => {
    const plain = profile().slice(0, profile().indexOf("[ssh."));
    const run = await runGoverned(place, {
      argv: [
        "sh",
        "-c",
        `ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o BatchMode=yes -p ${String(server.port)} x@git.test id; echo "$?"`,
      ],
      profile: plain,
    });
    assert.equal(run.stdout, "255\n");
    assert.match(run.stderr, /Permission denied \(publickey/);
    assert.equal(ofType(run.events, "request.refused").length, 0);
  });

  test("what is wrong in the section is said before anything runs", async () => {
    const broken = async (from: string, to: string): Promise<Governed> =>
      await runGoverned(place, { argv: ["true"], profile: profile().replace(from, to) });
    const key = `key = { file = "${server.key}" }`;
    for (const [run, message] of [
      [await broken(server.hostKey, "ssh-dss AAAA"), /is not a host key/],
      [await broken(key, ""), /must say one place/],
      [await broken(key, `key = { file = "${server.key}.pub" }`), /it is not a private key/],
      [await broken(key, 'key = { file = "/nowhere/key" }'), /ENOENT/],
      [await broken(nameOf("acme/lib"), "acme/../x"), /is not the name of a repository/],
    ] as const) {
      assert.equal(run.status, 125);
      assert.match(run.stderr, message);
    }
  });
});
