import assert from "node:assert/strict";
import { test } from "node:test";
import type { LaunchSpec } from "../launch-spec.ts";
import { encodeLaunchSpec } from "./encode.ts";

const spec: LaunchSpec = {
  mounts: [],
  landlock: [],
  network: { tcpPorts: [], bindPorts: undefined },
  command: { argv: ["true"], environment: [], cwd: "/", hostname: "h" },
  limits: { processes: 1, fileSizeBytes: undefined, openFiles: undefined, coreBytes: 0, memoryBytes: undefined },
  denyFilter: new Uint8Array(8),
  supervise: true,
  terminal: false,
  record: false,
  mapRootTo: 65534,
};

test("arguments longer than the buffer that is begun with arrive whole, wherever it has to grow", () => {
  for (let length = 16_000; length < 16_800; length += 7) {
    const argv = ["true", "x".repeat(length), "second", "y".repeat(100_000), "END"];
    const bytes = encodeLaunchSpec({ ...spec, command: { ...spec.command, argv } }, 1000);
    for (const argument of argv) {
      const framed = Buffer.alloc(4 + argument.length, argument, "latin1");
      framed.writeUInt32LE(argument.length);
      framed.write(argument, 4, "latin1");
      assert.ok(bytes.includes(framed), `${argument.slice(0, 3)} at ${String(length)}`);
    }
  }
});
