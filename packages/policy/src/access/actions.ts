import type { Risk } from "./risk.ts";

/** What the control plane's rights are about, and what each right lets its holder do. The one table: schema, roles, routes and tests follow it. */

/** Types of Cedar entities that a right may be held for, and within which others each lies. */
export const RESOURCES = {
  Company: [],
  Team: ["Company"],
  Person: ["Team", "Company"],
  Project: ["Company"],
  Agent: ["Company"],
  Host: ["Person", "Team", "Company"],
  Run: ["Host", "Person", "Project", "Agent", "Team", "Company"],
  Pool: ["Company"],
  Task: ["Pool", "Person", "Team", "Company"],
} as const satisfies Record<string, readonly string[]>;

export type ResourceType = keyof typeof RESOURCES;

/** What an action that is about runs may be used on at once: all runs in it. */
const RUNS_OF = ["Company", "Team", "Person", "Project", "Agent", "Host"] as const;

/** What a layer of policies is for. */
const POLICIES_OF = ["Team", "Project", "Person"] as const;

/** Each action with the type of its resource, others that it may be used on as a whole, and what it lets somebody do. */
export const ACTIONS = {
  viewRun: { on: "Run", what: "see that a run is there, who started it, and how it ended" },
  readRun: { on: "Run", what: "read a run's events: commands, directories, hosts, decisions" },
  watchRun: { on: "Run", what: "follow a run's events as they happen" },
  replayRun: { on: "Run", what: "see what a run's terminal showed, as far as its recording is here" },
  watchTerminal: { on: "Run", what: "see what a run's terminal shows as it happens" },
  exportAudit: {
    on: "Run",
    also: RUNS_OF,
    what: "take an archive of evidence of a run, or of all runs of a scope, of those that one may read",
  },
  pauseRun: {
    on: "Run",
    also: RUNS_OF,
    what: "stop what goes on in a run, or in all runs of a scope, and let it go on",
  },
  killRun: { on: "Run", also: RUNS_OF, what: "end a run, or all runs of a scope, and keep others from starting there" },
  viewOrder: { on: "Run", also: RUNS_OF, what: "see who paused or ended what and why, and which leases there are" },
  setLease: {
    on: "Host",
    also: ["Company", "Team", "Person"],
    what: "say for how long runs go on without hearing from the server",
  },
  followOrders: { on: "Host", what: "be told what the server wants of a host's own runs" },
  viewQuestion: { on: "Run", what: "see what a run asks people, and what it was answered" },
  answerQuestion: { on: "Run", what: "answer what a run asks people, other than one's own" },
  askQuestion: { on: "Host", what: "ask people on behalf of a host's own runs" },
  viewProposal: { on: "Company", what: "see what people who answered want to be policy" },
  viewPolicy: { on: "Company", also: POLICIES_OF, what: "see policies, their drafts and how far they are rolled out" },
  editPolicy: { on: "Company", also: POLICIES_OF, what: "write drafts of policies for a scope" },
  approvePolicy: { on: "Company", also: POLICIES_OF, what: "approve or reject what others drafted for a scope" },
  rollOutPolicy: { on: "Company", also: POLICIES_OF, what: "have what was approved hold for hosts, in steps" },
  rollBackPolicy: { on: "Company", also: POLICIES_OF, what: "halt a roll-out, and put back what held before" },
  viewHost: { on: "Host", what: "see an enrolled host and the state of its record" },
  enrollHost: { on: "Person", what: "let a host of a person be enrolled" },
  revokeHost: { on: "Host", what: "end what a host may do here, for good" },
  writeEvents: { on: "Host", what: "send the events of a host's own record" },
  viewPeople: { on: "Company", what: "see people, teams, roles and who has which" },
  managePeople: { on: "Company", what: "add people and teams, say who is in a team, end somebody's access" },
  provisionPeople: {
    on: "Company",
    what: "say for the company's directory who is there and in which groups (SCIM); groups give roles, never owner",
  },
  grantRole: { on: "Company", what: "give and take roles, other than owner" },
  grantOwner: { on: "Company", what: "give and take the role of owner" },
  defineRole: { on: "Company", what: "define roles of one's own" },
  issueToken: { on: "Person", what: "make a token that acts for a person, and end it" },
  viewServerLog: { on: "Company", what: "read the server's own log: what arrived, and who used which right" },
  viewUse: {
    on: "Run",
    also: [...RUNS_OF, "Pool", "Task"],
    what: "see who used, or was refused, which right on something, and who changed what about it",
  },
  breakGlass: {
    on: "Company",
    also: ["Team", "Person", "Project", "Agent", "Host", "Run"],
    what: "open the role break-glass for a scope, for a time: see BREAK_GLASS_RIGHTS",
  },
  viewBreakGlass: { on: "Company", what: "see who opened the role break-glass, why, and what they did with it" },
  manageNotify: {
    on: "Company",
    what: "see where people are told elsewhere, what became of it, and have a test sent there",
  },
  managePools: {
    on: "Company",
    what: "say which hosts run the tasks of a pool, on what, and how many of a team's at a time",
  },
  viewPool: { on: "Pool", what: "see a pool, and how much waits and runs there" },
  submitTask: { on: "Pool", what: "have a task run by the hosts of a pool" },
  viewTask: { on: "Task", what: "see a task: what was asked for, how it went, and its patch" },
  cancelTask: { on: "Task", what: "end a task that waits or runs" },
  reviewTask: { on: "Task", what: "accept or reject what came of a task" },
  takeTask: { on: "Host", what: "take tasks of the pools that a host is of, and hand in what came of them" },
  explainAccess: { on: "Company", what: "ask what somebody may do, and why" },
} as const satisfies Record<string, ActionRow>;

interface ActionRow {
  readonly on: ResourceType;
  readonly also?: readonly ResourceType[];
  readonly what: string;
}

export type AccessAction = keyof typeof ACTIONS;

export function isAccessAction(text: string): text is AccessAction {
  return Object.hasOwn(ACTIONS, text);
}

export const ACCESS_ACTIONS: readonly AccessAction[] = Object.keys(ACTIONS).filter(isAccessAction);

/** What conditions may speak of, beside principal, action and resource. */
export const CONTEXT = {
  /** The resource is the principal's own: their run, their host, themselves. */
  own: "Bool",
  /** Minutes since Monday 00:00 in UTC, by the server's clock; 0 where no grant has hours. */
  weekMinute: "Long",
  /** Of the question that it is about; empty for everything else. */
  classes: "Set<String>",
  /** 1 (low) to 3 (high) of that question; 3 for everything else. */
  risk: "Long",
  /** Of the run that it is about, `KEY=VALUE`, as whoever started it says; empty for everything else. */
  labels: "Set<String>",
  /** As many people want it as have to (dual control). */
  confirmed: "Bool",
} as const;

export interface AccessContext {
  readonly own: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly classes: readonly string[];
  readonly risk: Risk;
  readonly labels: readonly string[];
  readonly confirmed: boolean;
}

/** The Cedar schema of the control plane's rights. */
export const ACCESS_SCHEMA = [
  "entity Token;",
  ...Object.entries(RESOURCES).map(([type, parents]) =>
    parents.length === 0 ? `entity ${type};` : `entity ${type} in [${parents.join(", ")}];`,
  ),
  `type Context = { ${Object.entries(CONTEXT)
    .map(([name, type]) => `${name}: ${type}`)
    .join(", ")} };`,
  ...Object.entries<ActionRow>(ACTIONS).map(
    ([action, { on, also = [] }]) =>
      `action ${action} appliesTo { principal: [Person, Token, Host], resource: [${[on, ...also].join(", ")}], context: Context };`,
  ),
  "",
].join("\n");
