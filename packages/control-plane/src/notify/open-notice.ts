/** What a notice says when its turn comes: read anew, so that what was erased meanwhile is not told. */
import type { AccessAction } from "@bailiwick/policy";
import { findableOf } from "@bailiwick/search";
import {
  COMPANY,
  findResource,
  hostResource,
  isResourceType,
  runResource,
  teamsOf,
  type Resource,
} from "../access/resources.ts";
import type { Holding } from "../arrivals/batch.ts";
import type { Database, NoticeRow } from "../store/tables.ts";
import { cut, type Told } from "./message.ts";
import { readNotice, type Notice } from "./notices.ts";

/** What is told, in two lengths, and what one has to be permitted to see for it. */
export interface OpenedNotice {
  readonly all: Told;
  /** Nothing that an agent or a person wrote. */
  readonly short: Told;
  readonly action: AccessAction;
  readonly resource: Resource;
}

export interface Opening {
  readonly db: Database;
  readonly holding: Holding;
  /** Of the server, as people see it. */
  readonly base: URL | undefined;
}

/** Undefined when it is over: what it was about is gone, or otherwise again. */
export async function openNotice(opening: Opening, row: NoticeRow): Promise<OpenedNotice | undefined> {
  const notice = readNotice(row);
  switch (notice.type) {
    case "order.given":
    case "order.lifted":
      return await openOrder(opening, notice);
    case "run.refused":
      return await openRefusals(opening, notice, row.count);
    case "host.silent":
    case "host.heard":
    case "host.weaker":
    case "policy.refused":
      return await openHost(opening, notice);
    case "test":
      return openTest(notice);
  }
}

type Of<T extends Notice["type"]> = Extract<Notice, { readonly type: T }>;

const DONE = { pause: "paused", kill: "ended", lease: "set a lease for" } as const;
const LIFTED = {
  pause: "let go on what was paused of",
  kill: "lifted the order to end",
  lease: "lifted the lease of",
} as const;

async function openOrder(
  { db }: Opening,
  notice: Of<"order.given" | "order.lifted">,
): Promise<OpenedNotice | undefined> {
  const { type, kind, scope, by, reason } = notice;
  if (!isResourceType(scope.type)) return undefined;
  const { seconds, expiresAt } = { seconds: undefined, expiresAt: undefined, ...notice };
  const see = "bailiwick server orders";
  return {
    all: {
      type,
      data: { kind, scope, by, reason, ...(seconds && { seconds }), ...(expiresAt && { expiresAt }) },
      title: `${by} ${(type === "order.given" ? DONE : LIFTED)[kind]} ${runsOf(scope)}`,
      lines: [
        cut(reason),
        ...(seconds === undefined ? [] : [`runs that hear nothing for ${String(seconds)} s are ended`]),
        ...(expiresAt === undefined ? [] : [`until ${new Date(expiresAt).toISOString()}`]),
        see,
      ],
    },
    short: {
      type,
      data: { kind },
      title: `An order was ${type === "order.given" ? "given" : "lifted"}: ${kind}`,
      lines: [see],
    },
    action: "viewOrder",
    resource: await findResource(db, scope.type, scope.id),
  };
}

function runsOf({ type, id }: { readonly type: string; readonly id: string }): string {
  if (type === "Company") return "all runs";
  return type === "Run" ? `run ${id}` : `the runs of ${type.toLowerCase()} ${id}`;
}

async function openRefusals(
  { db, holding, base }: Opening,
  { type, host, run, seq, severity }: Of<"run.refused">,
  count: number,
): Promise<OpenedNotice | undefined> {
  const row = await db
    .selectFrom("run")
    .innerJoin("host", "host.number", "run.host")
    .innerJoin("event", (join) => join.on("event.seq", "=", seq))
    .select(["run.id", "agent", "project", "labels", "host.id as host_id", "person", "entry", "record", "index"])
    .where("run.host", "=", host)
    .where("run.id", "=", run)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { agent, project, host_id, person, index } = row;
  const opened = holding.openHeldEvent(row.entry, row.record ?? undefined);
  const event = typeof opened === "object" ? opened.event : undefined;
  const { line = "", reason = "" } = (event && findableOf(event)) ?? {};
  const refusals = count === 1 ? "a refusal" : `${String(count)} refusals`;
  const see = base === undefined ? `bailiwick search --server run:${run}` : new URL(`/runs/${run}`, base).href;
  return {
    all: {
      type,
      data: {
        ...{ run, host: host_id, person, agent, project, count, severity },
        worst: { seq, index, type: event?.type, line, reason },
      },
      title: `${severity}: ${refusals} in a run of ${person}@${host_id}, ${agent} in ${project}`,
      lines: [cut(line), cut(reason), see].filter((text) => text !== ""),
    },
    short: { type, data: { run, count, severity }, title: `${severity}: ${refusals} in a run`, lines: [see] },
    action: "readRun",
    resource: runResource(row, (await teamsOf(db, [person])).get(person)),
  };
}

async function openHost(
  { db }: Opening,
  notice: Of<"host.silent" | "host.heard" | "host.weaker" | "policy.refused">,
): Promise<OpenedNotice | undefined> {
  const host = await db
    .selectFrom("host")
    .leftJoin("host_policy", "host_policy.host", "host.number")
    .select(["host.id", "person", "refused"])
    .where("host.number", "=", notice.host)
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  if (host === undefined) return undefined;
  const { id, person } = host;
  const said = saidOfHost(notice, host);
  if (said === undefined) return undefined;
  const { title, short, data, lines } = said;
  const see = notice.type === "policy.refused" ? "bailiwick policy drift" : "bailiwick server call listHosts";
  return {
    all: {
      type: notice.type,
      data: { host: id, person, ...data },
      title: `${id} of ${person} ${title}`,
      lines: [...lines, see],
    },
    short: { type: notice.type, data: {}, title: `A host ${short}`, lines: [see] },
    action: "viewHost",
    resource: hostResource(host, (await teamsOf(db, [person])).get(person)),
  };
}

interface Said {
  readonly title: string;
  readonly short: string;
  readonly data: object;
  readonly lines: readonly string[];
}

function saidOfHost(
  notice: Of<"host.silent" | "host.heard" | "host.weaker" | "policy.refused">,
  { refused }: { readonly refused: string | null },
): Said | undefined {
  switch (notice.type) {
    case "host.silent": {
      const since = new Date(notice.at).toISOString();
      return {
        title: "went silent",
        short: "went silent",
        data: { since },
        lines: [`nothing was heard of it since ${since}`],
      };
    }
    case "host.heard": {
      const at = new Date(notice.at).toISOString();
      return { title: "was heard again", short: "was heard again", data: { at }, lines: [`at ${at}`] };
    }
    case "host.weaker": {
      const { run, layers } = notice;
      const lines = [`not enforced in run ${run}, as it was before or was wanted: ${layers.join(", ")}`];
      return { title: "enforces less", short: "enforces less", data: { run, layers }, lines };
    }
    case "policy.refused":
      if (refused === null) return undefined;
      return {
        title: "refused its policies",
        short: "refused its policies",
        data: { why: refused },
        lines: [cut(refused)],
      };
  }
}

function openTest({ type, by }: Of<"test">): OpenedNotice {
  const told: Told = {
    type,
    data: { by },
    title: `A test by ${by}`,
    lines: ["Nothing has happened: what is told arrives here."],
  };
  return { all: told, short: { ...told, data: {}, title: "A test" }, action: "manageNotify", resource: COMPANY };
}
