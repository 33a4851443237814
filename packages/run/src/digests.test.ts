import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { loadDigests, saveDigests } from "./digest-store.ts";
import { Digests, identityKey } from "./digests.ts";
import { FileCache } from "./file-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-digests-"));
after(() => {
  rmSync(folder, { recursive: true });
});

function executed(path: string) {
  const { dev, ino, size, mtimeNs, ctimeNs, mode } = statSync(path, { bigint: true });
  return {
    path,
    openAt: path,
    vouched: true,
    identity: { device: dev, inode: ino, size, mtimeNs, ctimeNs, mode: Number(mode) },
  };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** Until the file is older than the time in which a change could go unseen. */
async function settle(path: string): Promise<void> {
  while (Date.now() - statSync(path).ctimeMs < 150) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("digests", () => {
  test("small and large files give the SHA-256 of their bytes", async () => {
    const large = Buffer.alloc(3_000_001, "x");
    assert.equal((await new Digests().digestOf(executed(file("small", "abc")))).digest, sha256("abc"));
    assert.equal((await new Digests().digestOf(executed(file("large", large)))).digest, sha256(large));
    assert.equal((await new Digests().digestOf(executed(file("empty", "")))).digest, sha256(""));
  });

  test("a settled file is read once", async () => {
    const path = file("settled", "abc");
    await settle(path);
    const digests = new Digests();
    const first = executed(path);
    assert.deepEqual(await digests.digestOf(first), { digest: sha256("abc"), stable: true });
    // Only the identity is looked at now: the place to open it is gone.
    assert.equal((await digests.digestOf({ ...first, openAt: "/nowhere" })).digest, sha256("abc"));
    assert.equal(digests.known(first.identity), sha256("abc"));
  });

  test("a file that was just written is not vouched for by its identity", async () => {
    const digests = new Digests();
    assert.equal((await digests.digestOf(executed(file("fresh", "abc")))).stable, false);
    assert.equal(digests.changed, false);
  });

  test("a file on tmpfs is never vouched for: a shared mapping changes it without a change of ctime", async (t) => {
    const path = `/dev/shm/bailiwick-digests-${String(process.pid)}`;
    try {
      writeFileSync(path, "abc");
    } catch {
      t.skip("no /dev/shm here");
      return;
    }
    await settle(path);
    try {
      assert.deepEqual(await new Digests().digestOf(executed(path)), { digest: sha256("abc"), stable: false });
    } finally {
      rmSync(path);
    }
  });

  test("a file that changed since it was looked at is refused", async () => {
    for (const content of ["abc", Buffer.alloc(600_000)]) {
      const path = file("changed", content);
      const seen = executed(path);
      writeFileSync(path, "evil");
      utimesSync(path, 1, 1);
      await assert.rejects(async () => await new Digests().digestOf(seen), { code: "RUN_DIGEST_FAILED" });
    }
  });

  test("equal large files that start at the same time are read once", async () => {
    const seen = executed(file("shared", Buffer.alloc(2_000_000)));
    const digests = new Digests();
    assert.equal(digests.digestOf(seen), digests.digestOf(seen));
    await digests.digestOf(seen);
  });

  test("an unreadable file is an error with its name", async () => {
    const seen = { ...executed(file("gone", "abc")), openAt: join(folder, "nowhere") };
    await assert.rejects(async () => await new Digests().digestOf(seen), {
      code: "RUN_DIGEST_FAILED",
      message: /gone.*ENOENT/,
    });
  });
});

describe("digest store", () => {
  test("keeps large files only, and reads what it wrote", async () => {
    const [large, small] = [file("kept", Buffer.alloc(70_000)), file("not-kept", "abc")];
    await settle(small);
    const digests = new Digests();
    await digests.digestOf(executed(large));
    await digests.digestOf(executed(small));
    const cache = new FileCache(folder);
    saveDigests(cache, digests);
    assert.deepEqual(
      [...loadDigests(cache).entries()],
      [[identityKey(executed(large).identity), sha256(Buffer.alloc(70_000))]],
    );
  });

  test("a missing or damaged store is an empty one", () => {
    assert.deepEqual([...loadDigests(new FileCache(join(folder, "missing"))).entries()], []);
    file("digests", "1:2:3:4:5 sha256:zz\n\n\u0000");
    assert.deepEqual([...loadDigests(new FileCache(folder)).entries()], []);
  });
});
