import { SteadyFacts, type Facts } from "../request/facts.ts";
import {
  entitiesKey,
  entitiesOf,
  entityKey,
  type ActionName,
  type Entities,
  type EntityKey,
  type EntityWithParents,
  type Subject,
} from "../request/subject.ts";
import type { CompiledPolicy, ScopeConstraint } from "./compiled.ts";
import { attributesOf, readConditions, type Condition, type Truth } from "./condition.ts";
import { LruMap } from "./lru.ts";

/** A policy of the set, ready to be looked up. */
export class Rule {
  readonly policy: CompiledPolicy;
  /** Its place in the set, so that answers list policies in the set's order. */
  readonly order: number;
  #condition: Condition | undefined;
  #attributes: ReadonlySet<string> | "all" | undefined;

  constructor(policy: CompiledPolicy, order: number) {
    this.policy = policy;
    this.order = order;
  }

  get unconditional(): boolean {
    return this.policy.conditions.length === 0;
  }

  get attributes(): ReadonlySet<string> | "all" {
    this.#attributes ??= attributesOf(this.policy.conditions);
    return this.#attributes;
  }

  test(facts: Facts): Truth {
    this.#condition ??= readConditions(this.policy.conditions);
    return this.#condition(facts);
  }
}

/**
 * The policies that can matter for one principal, action and resource, whatever the context: those whose scope matches and
 * whose condition isn't false for what is steady about them.
 * INVARIANT(slice): for every context, a policy outside the slice would neither be satisfied nor fail.
 */
export interface Slice {
  readonly number: number;
  readonly entities: Entities;
  /** Satisfied by every request of the slice. */
  readonly unconditional: readonly Rule[];
  readonly conditional: readonly Rule[];
}

const SLICES = 4096;

export class Slices {
  readonly #indexes: Readonly<Record<ActionName, Index>>;
  readonly #slices: Readonly<Record<ActionName, LruMap<string, Slice>>> = {
    exec: new LruMap(SLICES),
    connect: new LruMap(SLICES),
    httpRequest: new LruMap(SLICES),
  };

  #nextNumber = 0;

  constructor(policies: readonly CompiledPolicy[]) {
    const rules = policies.map((policy, order) => new Rule(policy, order));
    this.#indexes = {
      exec: new Index(rules, "exec"),
      connect: new Index(rules, "connect"),
      httpRequest: new Index(rules, "httpRequest"),
    };
  }

  find(subject: Subject): Slice {
    const key = entitiesKey(subject);
    const known = this.#slices[subject.action].get(key);
    if (known !== undefined) return known;
    const entities = entitiesOf(subject);
    const steady = new SteadyFacts(subject, entities, false);
    const rules = this.#indexes[subject.action]
      .candidates(entities.resource)
      .filter(
        ({ policy }) => matches(policy.principal, entities.principal) && matches(policy.resource, entities.resource),
      )
      .filter((rule) => rule.unconditional || rule.test(steady) !== false);
    const slice: Slice = {
      number: this.#nextNumber++,
      entities,
      unconditional: rules.filter((rule) => rule.unconditional),
      conditional: rules.filter((rule) => !rule.unconditional),
    };
    this.#slices[subject.action].set(key, slice);
    return slice;
  }
}

/** The policies of one action by the entities that their resource must be in, by scope or by condition; those without apart. */
class Index {
  readonly #anywhere: Rule[] = [];
  readonly #byEntity = new Map<EntityKey, Rule[]>();

  constructor(rules: readonly Rule[], action: ActionName) {
    for (const rule of rules) {
      if (!coversAction(rule.policy.action, action)) continue;
      for (const bucket of this.#bucketsFor(rule.policy)) bucket.push(rule);
    }
  }

  candidates(resource: EntityWithParents): readonly Rule[] {
    const named = [...resource.ancestors].flatMap((key) => this.#byEntity.get(key) ?? []);
    const found = named.length === 0 ? this.#anywhere : [...new Set([...this.#anywhere, ...named])];
    return found.toSorted((a, b) => a.order - b.order);
  }

  #bucketsFor({ resource, groups }: CompiledPolicy): readonly Rule[][] {
    const named = this.#namedBy(resource);
    if (named.length > 0) return named;
    return groups === undefined ? [this.#anywhere] : groups.map((key) => this.#bucket(key));
  }

  #namedBy(constraint: ScopeConstraint): readonly Rule[][] {
    switch (constraint.op) {
      case "all":
        return [];
      case "equal":
        return [this.#bucket(entityKey(constraint.entity))];
      case "in":
        return constraint.entities.map((entity) => this.#bucket(entityKey(entity)));
      case "is":
        return constraint.within === undefined ? [] : [this.#bucket(entityKey(constraint.within))];
    }
  }

  #bucket(key: EntityKey): Rule[] {
    const known = this.#byEntity.get(key);
    if (known !== undefined) return known;
    const bucket: Rule[] = [];
    this.#byEntity.set(key, bucket);
    return bucket;
  }
}

function coversAction(constraint: ScopeConstraint, action: string): boolean {
  switch (constraint.op) {
    case "all":
      return true;
    case "equal":
      return isAction(constraint.entity, action);
    case "in":
      return constraint.entities.some((entity) => isAction(entity, action));
    case "is":
      return false; // Cedar has no `action is`
  }
}

function isAction(entity: { readonly type: string; readonly id: string }, action: string): boolean {
  return entity.type === "Action" && entity.id === action;
}

/** Whether a scope constraint holds for an entity, as Cedar defines `==`, `in` and `is`. */
export function matches(constraint: ScopeConstraint, entity: EntityWithParents): boolean {
  switch (constraint.op) {
    case "all":
      return true;
    case "equal":
      return entityKey(constraint.entity) === entityKey(entity);
    case "in":
      return constraint.entities.some((each) => entity.ancestors.has(entityKey(each)));
    case "is":
      return (
        constraint.type === entity.type &&
        (constraint.within === undefined || entity.ancestors.has(entityKey(constraint.within)))
      );
  }
}
