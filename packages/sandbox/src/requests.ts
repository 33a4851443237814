/**
 * What the launcher may say, and when. It reads the memory of hostile processes, so this side trusts it no further than this
 * table: a frame that is not listed, out of phase, or said twice where once is the rule ends the run.
 * @see docs/protocol/launcher.md
 */
export type Phase = "spec" | "ready" | "running" | "draining";

export type RequestKind =
  | "error"
  | "ready"
  | "exec"
  | "end"
  | "tampered"
  | "ping"
  | "owned"
  | "connected"
  | "terminalFree"
  | "mainExit"
  | "renewed"
  | "output"
  | "size";

interface Rule {
  readonly type: number;
  readonly phases: ReadonlySet<Phase>;
  readonly once: boolean;
  /** Of the payload. */
  readonly maxBytes: number;
}

const anywhere = new Set<Phase>(["spec", "ready", "running", "draining"]);
const alive = new Set<Phase>(["running", "draining"]);
const MIB = 1024 * 1024;

export const PERMITTED = {
  error: { type: 65, phases: anywhere, once: true, maxBytes: 64 * 1024 },
  ready: { type: 66, phases: new Set<Phase>(["spec"]), once: true, maxBytes: MIB },
  exec: { type: 67, phases: alive, once: false, maxBytes: 16 * MIB },
  end: { type: 68, phases: alive, once: false, maxBytes: 33 },
  tampered: { type: 69, phases: alive, once: true, maxBytes: 64 * 1024 },
  ping: { type: 70, phases: new Set<Phase>(["ready", "running", "draining"]), once: false, maxBytes: 0 },
  owned: { type: 71, phases: alive, once: false, maxBytes: 12 },
  connected: { type: 72, phases: alive, once: false, maxBytes: 8 },
  terminalFree: { type: 73, phases: alive, once: false, maxBytes: 0 },
  mainExit: { type: 74, phases: new Set<Phase>(["running"]), once: true, maxBytes: 5 },
  renewed: { type: 80, phases: new Set<Phase>(["ready", "running", "draining"]), once: false, maxBytes: 8 * 1024 },
  output: { type: 81, phases: alive, once: false, maxBytes: 128 * 1024 },
  size: { type: 82, phases: alive, once: false, maxBytes: 12 },
} as const satisfies Record<RequestKind, Rule>; // a new kind does not compile until it has a row

const byType = new Map<number, RequestKind>();
for (const kind of Object.keys(PERMITTED)) if (isRequestKind(kind)) byType.set(PERMITTED[kind].type, kind);

function isRequestKind(text: string): text is RequestKind {
  return Object.hasOwn(PERMITTED, text);
}

/** The kind of a frame, or why it is not permitted now. `said` holds the kinds that came before. */
export function admit(
  type: number,
  bytes: number,
  phase: Phase,
  said: Set<RequestKind>,
): { readonly kind: RequestKind } | { readonly refused: string } {
  const kind = byType.get(type);
  if (kind === undefined) return { refused: `unknown frame ${String(type)}` };
  const rule: Rule = PERMITTED[kind];
  if (!rule.phases.has(phase)) return { refused: `frame \`${kind}\` while ${phase}` };
  if (rule.once && said.has(kind)) return { refused: `frame \`${kind}\` for the second time` };
  if (bytes > rule.maxBytes) return { refused: `frame \`${kind}\` of ${String(bytes)} bytes` };
  if (rule.once) said.add(kind);
  return { kind };
}
