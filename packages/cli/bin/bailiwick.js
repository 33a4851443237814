#!/bin/sh
":" //; MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}" exec node "$0" "$@"
// The line above is the shell's, and a text without effect to Node: glibc would keep up to eight heaps a processor for Node's threads, 10 MB and more
// that nothing uses, and reads this before Node runs (mallopt(3)).
// Plain JavaScript for any Node: an old one can't read what this loads, so it looks for the pinned one first.
// CommonJS (package.json beside this), which Node starts without what it loads ES modules with.
"use strict";
const { existsSync, statSync } = require("node:fs");
const { homedir } = require("node:os");
const { dirname, isAbsolute, join } = require("node:path");

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  const { enableCompileCache } = require("node:module");
  // Compiled code is code: not below /tmp, Node's own default, where others may have put theirs.
  const cache = join(stateDirectory(), "cache");
  const found = isAbsolute(cache) ? statSync(cache, { throwIfNoEntry: false }) : undefined;
  if (found?.uid === process.geteuid?.() && (found?.mode & 0o22) === 0) enableCompileCache(join(cache, "compiled"));
  require("../dist/main.cjs");
} else {
  startPinned();
}

/** As `locateStateDirectory` of packages/run has it; made by the first run. */
function stateDirectory() {
  const { BAILIWICK_HOME: named, XDG_STATE_HOME: xdg, HOME: home } = process.env;
  return named || join(xdg && isAbsolute(xdg) ? xdg : join(home || homedir(), ".local/state"), "bailiwick");
}

function startPinned() {
  const own = __filename;
  for (let folder = dirname(own); folder !== dirname(folder); folder = dirname(folder)) {
    const pinned = join(folder, "node_modules/node/bin/node");
    if (!existsSync(pinned)) continue;
    const { spawn } = require("node:child_process");
    const child = spawn(pinned, [own, ...process.argv.slice(2)], { stdio: "inherit" });
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) process.on(name, () => child.kill(name));
    child.on("error", (error) => refuse(`cannot start ${pinned}: ${error.message}`));
    child.on("exit", (status, signal) => (signal ? process.kill(process.pid, signal) : (process.exitCode = status ?? 125)));
    return;
  }
  refuse(
    `needs Node 22.18 or newer, this is ${process.versions.node}; install it, or run \`npm ci\` beside the package to get the pinned one`,
  );
}

function refuse(why) {
  process.stderr.write(`bailiwick: ${why}\n`);
  process.exit(125);
}
