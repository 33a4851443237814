/** One package of npm, `@acme/tiny`, at one version, for registries that tests serve. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./governed.ts";

/** The package as an archive. */
export function packTiny(place: Place): Buffer {
  place.write("tarball/package/package.json", '{"name":"@acme/tiny","version":"1.0.0"}');
  execFileSync("tar", ["czf", join(place.root, "tiny.tgz"), "-C", join(place.root, "tarball"), "package"]);
  return readFileSync(join(place.root, "tiny.tgz"));
}

/** What a registry says of it. @param tarball where its archive is to be had */
export function tinyPackument(archive: Buffer, tarball: string): object {
  const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  const version = { name: "@acme/tiny", version: "1.0.0", dist: { tarball, integrity } };
  return { name: "@acme/tiny", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } };
}
