import {
  BUILT_IN_ROLES,
  openAccessDecider,
  REVIEWED_BY_OTHERS,
  type AccessAction,
  type AccessDecider,
  type AccessDecision,
  type AccessPrincipal,
  type Grant,
} from "@bailiwick/policy";
import type { Caller } from "../identity/callers.ts";
import type { Database } from "../store/tables.ts";
import { dualControlPolicies, type DualControl } from "./dual-control.ts";
import { askedAbout, grantsOfHolder } from "./grants.ts";
import { COMPANY, isResourceType, type Resource } from "./resources.ts";

/** Who asks: a caller, or somebody about whom a caller asks. */
export type Subject = Pick<Caller, "type" | "id" | "person" | "limitedTo">;

interface Deciding {
  readonly action: AccessAction;
  readonly resource: Resource;
  /** Whether it is for the subject's own; undefined: as the resource is. */
  readonly own?: boolean | undefined;
  /** Whether as many want it as have to. */
  readonly confirmed?: boolean | undefined;
}

/** What the company forbids beside what is forbidden everywhere. */
export interface Duties {
  /** What more than one person has to want. */
  readonly dualControl: readonly DualControl[];
  readonly tasksReviewedBy: "anybody" | "others";
}

/** Who may do what, as the database says now. */
export class Authority {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #decider: AccessDecider = openAccessDecider();

  readonly dualControl: readonly DualControl[];
  readonly #forbids: Readonly<Record<string, string>>;

  constructor(db: Database, now: () => number, { dualControl, tasksReviewedBy }: Duties) {
    this.dualControl = dualControl;
    this.#db = db;
    this.#now = now;
    const others = tasksReviewedBy === "others" ? { [REVIEWED_BY_OTHERS.id]: REVIEWED_BY_OTHERS.text } : {};
    this.#forbids = { ...dualControlPolicies(dualControl), ...others };
  }

  /** Never rejects for what the decision is about; errors of the database pass through, and nothing is permitted then. */
  async decide(
    subject: Subject,
    action: AccessAction,
    resource: Resource,
    more: Pick<Deciding, "own" | "confirmed"> = {},
  ): Promise<AccessDecision> {
    return await this.decideWith(await this.grantsOf(subject), subject, { action, resource, ...more });
  }

  /** As {@link decide}, for many resources: the grants are read once. */
  async decideWith(
    grants: readonly Grant[],
    subject: Subject,
    { action, resource, own, confirmed = false }: Deciding,
  ): Promise<AccessDecision> {
    const principal: AccessPrincipal = { type: subject.type, id: subject.id };
    return await this.#decider.decide({
      principal,
      grants,
      limitedTo: subject.limitedTo,
      forbids: this.#forbids,
      action,
      resource: { type: resource.type, id: resource.id, within: resource.within },
      context: {
        own: own ?? isOwn(subject, resource),
        nowMs: this.#now(),
        confirmed,
        ...askedAbout(resource),
        labels: resource.labels ?? [],
      },
    });
  }

  async grantsOf(subject: Subject): Promise<Grant[]> {
    if (subject.type === "Host") {
      const scope = { type: "Host", id: subject.id } as const;
      return [{ id: "host", roleName: "host", role: BUILT_IN_ROLES.host, scope }];
    }
    return await grantsOfHolder(this.#db, { type: subject.type, id: subject.id }, this.#now());
  }

  async close(): Promise<void> {
    await this.#decider.close();
  }
}

function isOwn(subject: Subject, resource: Resource): boolean {
  if (subject.type === "Host") return resource.type === "Host" && resource.id === subject.id;
  return subject.person !== undefined && resource.owner === subject.person;
}

export { COMPANY, isResourceType };
