import { SandboxError } from "../errors.ts";

export function unknownArchitecture(architecture: string): SandboxError {
  return new SandboxError("SANDBOX_ARCHITECTURE", `there is no system-call table for \`${architecture}\``, {
    remedy: "Bailiwick knows x64 and arm64",
  });
}
