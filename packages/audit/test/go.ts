/** Go and its sumdb packages, as Debian installs them. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const GOPATH = "/usr/share/gocode";
const isThere =
  existsSync(join(GOPATH, "src/golang.org/x/mod/sumdb/tlog")) && spawnSync("go", ["version"]).status === 0;

/** Why tests with Go are skipped; false when they are not. */
export const skipWithoutGo = isThere
  ? false
  : "Go's packages are not installed: apt-get install golang-go golang-golang-x-mod-dev";

/** @param source a `main.go` @param program where it is built to @param home for its cache */
export function buildGo(
  source: string,
  program: string,
  home: string,
): { readonly status: number | null; readonly stderr: string } {
  const { PATH = "" } = process.env;
  return spawnSync("go", ["build", "-o", program, source], {
    encoding: "utf8",
    env: { PATH, HOME: home, GOPATH, GO111MODULE: "off", GOFLAGS: "", CGO_ENABLED: "0" },
  });
}
