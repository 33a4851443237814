/** How long a launch takes: the launcher alone against bubblewrap with the same view, the whole command against Node and sandbox-runtime. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedEnvironment, interleave, median, quantile, timeCommand } from "./measure.ts";
import { findLauncher } from "@bailiwick/sandbox";
import { buildTimer, timeSpawn, writePayload } from "./launcher-alone.ts";

const command = fileURLToPath(new URL("../packages/cli/bin/bailiwick.js", import.meta.url));
const srt = fileURLToPath(new URL("../node_modules/.bin/srt", import.meta.url));

/** bubblewrap with the view that `launchAlone` builds: read-only system, own /proc, /dev and /tmp, a writable workspace, every namespace. */
function bubblewrap(workspace: string): readonly string[] {
  const system = ["/usr", "/bin", "/lib", "/lib64", "/sbin", "/etc"].filter((path) => existsSync(path));
  return [
    ...["bwrap", "--unshare-all", "--die-with-parent", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"],
    ...system.flatMap((path) => ["--ro-bind", path, path]),
    ...["--bind", workspace, "/workspace", "--chdir", "/workspace", "--cap-drop", "ALL", "/bin/true"],
  ];
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-"));
  const state = mkdtempSync(join(tmpdir(), "bailiwick-bench-state-"));
  const settings = join(folder, "srt.json");
  writeFileSync(
    settings,
    JSON.stringify({
      network: { allowedDomains: [], deniedDomains: [] },
      filesystem: { denyRead: [], allowWrite: [folder], denyWrite: [] },
    }),
  );
  const env = { ...installedEnvironment(), BAILIWICK_HOME: state };
  const whole = { cwd: folder, env };
  try {
    const [timer, payload] = [buildTimer(folder), writePayload(folder)];
    const alone = await interleave(
      {
        launcher: () => timeSpawn(timer, [findLauncher()], payload),
        bwrap: () => timeSpawn(timer, bubblewrap(folder)),
      },
      100,
    );
    const full = await interleave(
      {
        node: () => timeCommand([process.execPath, "-e", "0"], whole),
        run: () => timeCommand([command, "run", "--", "true"], whole),
        srt: () => timeCommand([process.execPath, srt, "--settings", settings, "true"], whole),
      },
      30,
    );
    return {
      "launcher/bwrap": median(alone.launcher) / median(alone.bwrap),
      "run/node": median(full.run) / median(full.node),
      "run/srt": median(full.run) / median(full.srt),
      "launcher-ms-p50": median(alone.launcher),
      "launcher-ms-p99": quantile(alone.launcher, 0.99),
      "bwrap-ms-p50": median(alone.bwrap),
      "node-ms-p50": median(full.node),
      "run-ms-p50": median(full.run),
      "srt-ms-p50": median(full.srt),
    };
  } finally {
    rmSync(state, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}
