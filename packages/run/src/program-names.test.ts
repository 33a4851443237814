import assert from "node:assert/strict";
import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { ExecFile } from "@bailiwick/sandbox";
import { Digests } from "./digests.ts";
import { FileCache } from "./file-cache.ts";
import { namesInPolicies, ProgramNames } from "./program-names.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-names-"));
after(() => {
  rmSync(folder, { recursive: true });
});
const bin = join(folder, "bin");
mkdirSync(bin);

function install(name: string, content: string | Uint8Array): string {
  const path = join(bin, name);
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

const cache = new FileCache(folder);

async function namesOf(path: string, { asked = path, argv = [asked] }: { asked?: string; argv?: string[] } = {}) {
  const digests = new Digests();
  const names = new ProgramNames(["frob", "zap", "rm-it"], { searchPath: bin, digests, cache });
  const { dev, ino, size, mtimeNs, ctimeNs, mode } = statSync(path, { bigint: true });
  const identity = { device: dev, inode: ino, size, mtimeNs, ctimeNs, mode: Number(mode) };
  const file: ExecFile = { kind: "program", path, openAt: path, identity, vouched: true, argv };
  return [...(await names.namesOf(file, await digests.digestOf(file), asked))].sort();
}

describe("program names", () => {
  const frob = install("frob", "#!/bin/sh\necho frob\n");

  test("path as asked and as resolved", async () => {
    assert.deepEqual(await namesOf(frob, { asked: "./alias" }), ["alias", "frob"]);
  });

  test("a renamed copy keeps its name", async () => {
    copyFileSync(frob, join(folder, "harmless"));
    assert.deepEqual(await namesOf(join(folder, "harmless")), ["frob", "harmless"]);
  });

  test("so does a large one, and a hard link", async () => {
    const zap = install("zap", Buffer.alloc(1_000_000, "z"));
    copyFileSync(zap, join(folder, "big"));
    linkSync(zap, join(folder, "linked"));
    assert.deepEqual(await namesOf(join(folder, "big")), ["big", "zap"]);
    assert.deepEqual(await namesOf(join(folder, "linked")), ["linked", "zap"]);
  });

  test("the same size is not the same program", async () => {
    writeFileSync(join(folder, "other"), "#!/bin/sh\necho grob\n");
    assert.deepEqual(await namesOf(join(folder, "other")), ["other"]);
  });

  test("a multi-call program is what it acts as", async () => {
    const busybox = install("busybox", "many programs");
    linkSync(busybox, join(bin, "rm-it"));
    assert.deepEqual(await namesOf(join(bin, "busybox"), { argv: ["list", "x"] }), ["busybox", "list", "x"]);
    assert.deepEqual(await namesOf(join(bin, "busybox"), { argv: ["busybox", "rm-it"] }), ["busybox", "rm-it"]);
    assert.deepEqual(await namesOf(join(bin, "busybox"), { argv: ["/x/rm-it"] }), ["busybox", "rm-it"]);
  });

  test("being called like a multi-call program frees nothing of its name", async () => {
    mkdirSync(join(folder, "sub"), { recursive: true });
    copyFileSync(frob, join(folder, "sub/busybox"));
    assert.deepEqual(await namesOf(join(folder, "sub/busybox"), { argv: ["x"] }), ["busybox", "frob"]);
  });

  test("a program that was written over in place is found out, whatever was kept", async () => {
    const tool = install("zap", "first version");
    await namesOf(tool);
    writeFileSync(tool, "other version");
    copyFileSync(tool, join(folder, "copied"));
    assert.deepEqual(await namesOf(join(folder, "copied")), ["copied", "zap"]);
  });

  test("names are those of program groups", () => {
    const text =
      'forbid (principal, action, resource in ProgramGroup::"git"); // Program::"x"\npermit (principal, action, resource in ProgramGroup::"npm");';
    assert.deepEqual([...namesInPolicies([text])].sort(), ["git", "npm"]);
  });
});
