import { setTimeout as sleep } from "node:timers/promises";
import { escapeControls } from "@bailiwick/base";
import { Client } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { writeError } from "../report.ts";

/** What RFC 8628, 3.5 adds to the interval for each `slow_down`. */
const SLOWER_S = 5;

/** Signs in at the server's identity provider by a code that the person confirms there. @returns the token */
export async function loginByDevice(url: string): Promise<string> {
  const server = new Client({ url, by: { nobody: true } });
  const { deviceCode, userCode, verificationUrl, intervalS, expiresInS } = await server.call("startSignIn", {});
  writeError(`open ${escapeControls(verificationUrl)}\nand confirm there that it shows ${escapeControls(userCode)}\n`);
  const until = Date.now() + expiresInS * 1000;
  let waitS = Math.max(intervalS, 1);
  while (Date.now() < until) {
    await sleep(waitS * 1000);
    const { state, token } = await server.call("finishSignIn", { body: { deviceCode } });
    if (token !== undefined) return token.secret;
    if (state === "slower") waitS += SLOWER_S;
  }
  throw new CliError("CLI_NOT_SIGNED_IN", "nobody confirmed the code in time", { remedy: "begin again" });
}
