/** The gateway, a process of its own, for the port given first; it looks into the connections where a file of roots is given second. */
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunLog } from "@bailiwick/audit";
import { makeRunId } from "@bailiwick/base";
import { createGatewayIn } from "../../packages/egress/src/gateway.privileged.ts";
import { openInspection } from "../../packages/egress/src/index.ts";
import { checkPublicAddress, systemLookup } from "../../packages/egress/src/tcp/resolver.ts";
import type { Decision } from "../../packages/policy/src/types.ts";
import { recordedDecision } from "../../packages/run/src/exec-events.ts";
import { Recorder } from "../../packages/run/src/recorder.ts";
import { NAME, OUTSIDE } from "./gateway-setting.ts";

const digest = `sha256:${"0".repeat(64)}`;
const allowed: Decision = {
  outcome: "allow",
  policies: [],
  reason: "",
  instead: undefined,
  approver: undefined,
  policyDigest: digest,
  scope: "exact",
  failure: undefined,
};
const [port, trust] = [Number(process.argv[2]), process.argv[3]];
const inspection =
  trust === undefined
    ? undefined
    : await openInspection({
        run: "bench",
        nowMs: Date.now(),
        hosts: [NAME],
        trust: [trust],
        credentials: [],
        modelTextCharacters: 0,
        environment: {},
      });
const nothing = (): void => undefined;

/** Writes requests down as a run does. */
async function openRecorder(): Promise<Recorder> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-record-"));
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  process.on("SIGTERM", () => process.exit(0));
  const run = makeRunId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
  return new Recorder({
    log: await openRunLog({ directory: folder, run }),
    hooks: { freeze: nothing, thaw: nothing, giveUp: nothing, say: nothing },
    onEvent: nothing,
    now: Date.now,
    retryMs: 1_000,
    patienceMs: 10_000,
  });
}
const recorder = await openRecorder();
const dns = createSocket("udp4");
dns.bind(0, "127.0.0.1", () => {
  const server = createServer();
  server.listen({ host: "0.0.0.0", port, reusePort: true, backlog: 511 }, () => {
    createGatewayIn(
      {
        range: { first: 0x7f_12_00_02, last: 0x7f_13_ff_fe },
        lookup: systemLookup,
        checkAddress: checkPublicAddress,
        mostConnections: 1_500,
      },
      {
        dns,
        listeners: new Map([[port, server]]),
        rules: { allow: [{ name: NAME, port }], hosts: new Map([[NAME, OUTSIDE]]) },
        never: [],
        decide: () => allowed,
        decideRequest: () => allowed,
        inspection,
        ssh: undefined,
        profileDigest: digest,
        findOwner: () => Promise.resolve(1),
        observer: {
          refused: nothing,
          opened: nothing,
          closed: nothing,
          requestSent: ({ decision, query, exec: _exec, credential: _credential, ...sent }) => {
            recorder.note({ type: "request.sent", ...sent, query: [...query], decision: recordedDecision(decision) });
            return Promise.resolve(true);
          },
          requestRefused: nothing,
          requestEnded: ({ request, bytesSent, bytesReceived, wallMs, at }) => {
            recorder.note({ type: "request.ended", at, request, bytesSent, bytesReceived, wallMs });
          },
          leakFound: nothing,
          credentialMisused: nothing,
          toolCalled: nothing,
          toolsAnswered: nothing,
          modelCalled: nothing,
        },
      },
    );
    process.send?.({ port: dns.address().port, ca: inspection?.additions ?? "" });
  });
});
