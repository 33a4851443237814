import { ACCESS_ACTIONS, isAccessAction, type AccessAction } from "./actions.ts";

/** What a role lets its holder do within the scope it is given for. `own`: only to what is the holder's. */
export interface Role {
  readonly any: readonly AccessAction[];
  readonly own: readonly AccessAction[];
}

/** Rights that no person's role has: hosts alone send events and are told what to do with runs. `duties.only-hosts-write` forbids them to all others. */
export const OF_HOSTS = [
  "writeEvents",
  "followOrders",
  "askQuestion",
  "takeTask",
] as const satisfies readonly AccessAction[];

const ofHosts: ReadonlySet<AccessAction> = new Set(OF_HOSTS);

/**
 * What the role break-glass permits while it is open, besides opening it: what an owner may, but for what would outlast it. So nothing that gives or
 * defines roles, makes tokens, people or hosts, or says what policy is.
 */
export const BREAK_GLASS_RIGHTS = [
  "viewRun",
  "readRun",
  "watchRun",
  "replayRun",
  "watchTerminal",
  "pauseRun",
  "killRun",
  "viewOrder",
  "setLease",
  "viewQuestion",
  "answerQuestion",
  "viewProposal",
  "viewPolicy",
  "rollBackPolicy",
  "viewHost",
  "revokeHost",
  "viewPeople",
  "viewServerLog",
  "viewUse",
  "viewBreakGlass",
  "viewPool",
  "viewTask",
  "cancelTask",
  "explainAccess",
] as const satisfies readonly AccessAction[];

/** The roles that are always there. */
export const BUILT_IN_ROLES = {
  // Who may all of it has nothing to open: an owner's glass would be an alarm for nothing.
  owner: { any: ACCESS_ACTIONS.filter((action) => !ofHosts.has(action) && action !== "breakGlass"), own: [] },
  "security-admin": {
    any: [
      "viewRun",
      "readRun",
      "watchRun",
      "replayRun",
      "watchTerminal",
      "exportAudit",
      "pauseRun",
      "killRun",
      "viewOrder",
      "setLease",
      "viewQuestion",
      "answerQuestion",
      "viewProposal",
      "viewPolicy",
      "editPolicy",
      "approvePolicy",
      "rollOutPolicy",
      "rollBackPolicy",
      "viewHost",
      "enrollHost",
      "revokeHost",
      "viewPeople",
      "managePeople",
      "grantRole",
      "defineRole",
      "viewServerLog",
      "viewUse",
      "viewBreakGlass",
      "manageNotify",
      "managePools",
      "viewPool",
      "submitTask",
      "viewTask",
      "cancelTask",
      "reviewTask",
      "explainAccess",
    ],
    // Who makes a token for somebody else acts as them: that would make an administrator an owner.
    own: ["issueToken"],
  },
  auditor: {
    any: [
      "viewRun",
      "readRun",
      "replayRun",
      "exportAudit",
      "viewOrder",
      "viewQuestion",
      "viewProposal",
      "viewPolicy",
      "viewHost",
      "viewPeople",
      "viewServerLog",
      "viewUse",
      "viewBreakGlass",
      "viewPool",
      "viewTask",
      "explainAccess",
    ],
    own: [],
  },
  responder: {
    any: [
      "viewRun",
      "readRun",
      "watchRun",
      "replayRun",
      "watchTerminal",
      "pauseRun",
      "killRun",
      "viewOrder",
      "viewQuestion",
      "viewPolicy",
      "rollBackPolicy",
      "viewHost",
      "revokeHost",
      "viewPool",
      "viewTask",
      "cancelTask",
    ],
    own: [],
  },
  "policy-author": { any: ["viewPolicy", "editPolicy", "viewProposal"], own: [] },
  "policy-approver": { any: ["viewPolicy", "approvePolicy", "rollOutPolicy", "rollBackPolicy"], own: [] },
  "run-approver": { any: ["viewRun", "viewQuestion", "answerQuestion"], own: [] },
  "task-submitter": { any: ["viewPool", "submitTask"], own: ["viewTask", "cancelTask", "reviewTask"] },
  "task-reviewer": { any: ["viewPool", "viewTask", "reviewTask"], own: [] },
  "break-glass": { any: ["breakGlass"], own: [] },
  developer: {
    any: [],
    own: [
      "viewRun",
      "readRun",
      "watchRun",
      "replayRun",
      "watchTerminal",
      "pauseRun",
      "killRun",
      "viewOrder",
      "viewQuestion",
      "viewHost",
      "revokeHost",
      "enrollHost",
      "issueToken",
    ],
  },
  // For the service token of a directory. Nobody else's role has it: who says who is in a group gives themselves roles.
  provisioner: { any: ["provisionPeople"], own: [] },
  host: { any: [], own: OF_HOSTS },
} as const satisfies Record<string, Role>;

export type BuiltInRole = keyof typeof BUILT_IN_ROLES;

export function isBuiltInRole(name: string): name is BuiltInRole {
  return Object.hasOwn(BUILT_IN_ROLES, name);
}

/** With these somebody could come by all others: no role of one's own has them. */
const NEVER_CUSTOM: ReadonlySet<AccessAction> = new Set([
  "grantRole",
  "grantOwner",
  "defineRole",
  "issueToken",
  "breakGlass",
  "provisionPeople",
  ...OF_HOSTS,
]);

/** The actions a role of one's own may have; undefined when one of the names is no such action. */
export function customRole(actions: readonly string[]): Role | undefined {
  const known = actions.filter(isAccessAction).filter((action) => !NEVER_CUSTOM.has(action));
  return known.length === actions.length && known.length > 0 ? { any: known, own: [] } : undefined;
}
