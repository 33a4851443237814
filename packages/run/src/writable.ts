import type { Mount } from "@bailiwick/sandbox";

/** Where inside the run itself can put files: what is executed from there may be its own work. */
export function writableDirectories(mounts: readonly Mount[]): string[] {
  return mounts.flatMap((mount) => {
    switch (mount.kind) {
      case "bind":
      case "tmpfs":
        return mount.writable ? [mount.target] : [];
      case "dev":
        return [`${mount.target}/shm`];
      case "proc":
      case "symlink":
      case "directory":
      case "file":
      case "cover":
      case "protect":
      case "pin":
        return [];
    }
  });
}
