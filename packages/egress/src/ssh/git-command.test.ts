import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesRepository, readGitCommand, writeGitCommand } from "./git-command.ts";

test("what git sends is read", () => {
  assert.deepEqual(readGitCommand("git-upload-pack '/acme/app.git'"), {
    service: "git-upload-pack",
    repository: "acme/app",
    path: "/acme/app.git",
  });
  assert.equal(readGitCommand("git-receive-pack 'acme/app'")?.service, "git-receive-pack");
  assert.equal(readGitCommand("git upload-pack '~me/app.git'")?.repository, "~me/app");
});

test("nothing else is", () => {
  const others = [
    ...["", "id", "git-upload-pack", "git-upload-pack acme/app", "git-upload-archive 'acme/app'", "git-shell 'x'"],
    ...["git-upload-pack 'a'; id", "git-upload-pack 'a' 'b'", " git-upload-pack 'a'", "git-upload-pack 'a'\n"],
    ...["git-upload-pack '../x'", "git-upload-pack 'a/../b'", "git-upload-pack 'a//b'", "git-upload-pack 'a/./b'"],
    ...[
      "git-upload-pack 'a'\\''b'",
      "git-upload-pack '$(id)'",
      "git-upload-pack 'a b'",
      "git-upload-pack '-x'",
      "git-upload-pack ''",
    ],
    ...[
      `git-upload-pack '${"a".repeat(2_000)}'`,
      "git-upload-pack --strict 'a'",
      "git-upload-pack '/'",
      "git-upload-pack 'a\0b'",
    ],
  ];
  for (const text of others) assert.equal(readGitCommand(text), undefined, text);
});

test("what is let through is written with nothing that means anything to a shell, and reads the same again", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((path) => `git-receive-pack '${path}'`),
      ),
      (text) => {
        const command = readGitCommand(text);
        if (command === undefined) return;
        const written = writeGitCommand(command);
        assert.match(written, /^git-(upload|receive)-pack '[A-Za-z0-9_.@+/~-]+'$/);
        assert.deepEqual(readGitCommand(written), command);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("patterns of repositories", () => {
  assert.ok(matchesRepository(["acme/app"], "acme/app"));
  assert.ok(matchesRepository(["acme/*"], "acme/app"));
  assert.ok(matchesRepository(["acme/**"], "acme/group/app"));
  assert.ok(matchesRepository(["**"], "a"));
  for (const pattern of ["acme/app2", "acme", "*", "acme/*/*", "acme/app/**"])
    assert.ok(!matchesRepository([pattern], "acme/app"), pattern);
  assert.ok(!matchesRepository([], "acme/app"));
});
