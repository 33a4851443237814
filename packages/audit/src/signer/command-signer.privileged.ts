import { spawn, type ChildProcess } from "node:child_process";
import { isErrno } from "@bailiwick/base";
import { AuditError } from "../errors.ts";
import { sha256, verifyEd25519, type Signer } from "../key.ts";
import { keyId } from "../note.ts";
import type { SignerConfig } from "./config.ts";

const SIGNATURE_BYTES = 64;
const MOST_STDERR = 2_000;

/**
 * A signer that is a command. What it answers is checked before it is used: a signature that does not verify would make a checkpoint
 * that nobody can read.
 */
export function commandSigner({ command, publicKey, timeoutMs }: SignerConfig, origin: string): Signer {
  const verifier = { name: origin, id: keyId(sha256, origin, publicKey), publicKey };
  return {
    verifier,
    async sign(message) {
      const signature = await ask(command, message, timeoutMs);
      if (signature.length !== SIGNATURE_BYTES) {
        throw failed(command, `answered ${String(signature.length)} bytes instead of ${String(SIGNATURE_BYTES)}`);
      }
      if (!(await verifyEd25519(publicKey, message, signature))) {
        throw failed(command, "answered a signature that is not by the key in `public-key`");
      }
      return signature;
    },
  };
}

// SAFETY: the argument vector is the person's own, from a file beside the log; nothing of a run is in it. No shell.
function ask(command: SignerConfig["command"], message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    // In a process group of its own, so that a hanging one ends with all that it started, and no ^C reaches it.
    const child = spawn(program, args, { cwd: "/", detached: true, stdio: ["pipe", "pipe", "pipe"] });
    const output: Buffer[] = [];
    let bytes = 0;
    let said = "";
    let tooLate = false;
    const timer = setTimeout(() => {
      tooLate = true;
      killGroup(child);
    }, timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= SIGNATURE_BYTES * 2) output.push(chunk);
      else killGroup(child);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said = (said + chunk).slice(0, MOST_STDERR);
    });
    // It may end without reading: what it answers is judged all the same.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(failed(command, `can't be started: ${error.message}`));
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const last = said.trim().split("\n").at(-1) ?? "";
      if (tooLate) reject(failed(command, `did not answer within ${String(timeoutMs / 1000)} s`));
      else if (status === 0) resolve(Buffer.concat(output));
      else reject(failed(command, `ended with ${String(status ?? signal)}${last === "" ? "" : `: ${last}`}`));
    });
    child.stdin.end(message);
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
}

function failed([program]: SignerConfig["command"], what: string): AuditError {
  const line = what.replaceAll(/[\u0000-\u001f\u007f]/g, " ");
  return new AuditError("AUDIT_SIGNER_FAILED", `the command that signs the record, \`${program}\`, ${line}`, {
    remedy: "see that it signs by itself, without asking anybody",
  });
}
