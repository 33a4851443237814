import { isSet, type Fact, type Facts, type RecordFact, type SimpleFact } from "../request/facts.ts";
import { entityKey, type EntityKey } from "../request/subject.ts";
import type { Clause } from "./compiled.ts";

/**
 * Finds out, without Cedar, whether a condition is plainly false, so that its policy can be left out of the set that Cedar
 * is asked with. It never finds for a policy: what isn't plainly false is Cedar's to decide. Leaving out is sound if Cedar
 * would find the condition false too *and would not fail on the way*, because a failing `forbid` must deny: so whatever this
 * file does not know exactly is `opaque`, and an opaque operand makes opaque everything that Cedar evaluates it for.
 *
 * `open`: the value is not known (yet), but evaluating it cannot fail. Only {@link SteadyFacts} leave something open.
 */
export type Truth = boolean | "open" | "opaque";

export type Condition = (facts: Facts) => Truth;

/** The condition of a whole policy: every `when` and no `unless`, in order. */
export function readConditions(clauses: readonly Clause[]): Condition {
  return clauses
    .map((clause) => (clause.kind === "when" ? readLater(clause.body) : not(readLater(clause.body))))
    .reduce<Condition>(
      (left, right) => and(left, right),
      () => true,
    );
}

const opaque: Condition = () => "opaque";

function not(condition: Condition): Condition {
  return (facts) => {
    const truth = condition(facts);
    return typeof truth === "boolean" ? !truth : truth;
  };
}

function and(left: Condition, right: Condition): Condition {
  return (facts) => {
    const first = left(facts);
    if (first === false || first === "opaque") return first;
    const second = right(facts);
    return first === true || second === false || second === "opaque" ? second : "open";
  };
}

function or(left: Condition, right: Condition): Condition {
  return not(and(not(left), not(right)));
}

function choose(condition: Condition, yes: Condition, no: Condition): Condition {
  return (facts) => {
    const truth = condition(facts);
    if (truth === "opaque") return truth;
    if (truth !== "open") return truth ? yes(facts) : no(facts);
    const [a, b] = [yes(facts), no(facts)];
    if (a === "opaque" || b === "opaque") return "opaque";
    return a === b ? a : "open";
  };
}

/**
 * Reads an expression when it is first needed: of most policies only the first operand ever is, because it names programs,
 * and reading all of them would be most of what the first decision of a run costs.
 */
function readLater(expression: unknown): Condition {
  let condition: Condition | undefined;
  return (facts) => (condition ??= read(expression))(facts);
}

function read(expression: unknown): Condition {
  const [operator, body] = single(expression);
  switch (operator) {
    case "Value":
      return typeof body === "boolean" ? () => body : opaque;
    case "!":
      return not(readLater(field(body, "arg")));
    case "&&":
      return and(readLater(field(body, "left")), readLater(field(body, "right")));
    case "||":
      return or(readLater(field(body, "left")), readLater(field(body, "right")));
    case "if-then-else":
      return choose(readLater(field(body, "if")), readLater(field(body, "then")), readLater(field(body, "else")));
    case ".":
      return readTerm(expression, (value) => (typeof value === "boolean" ? value : "opaque"));
    case "==":
      return readEqual(body);
    case "!=":
      return not(readEqual(body));
    case "like":
      return readLike(body);
    case "has":
      return readHas(body);
    case "in":
      return readIn(field(body, "left"), field(body, "right"));
    case "is":
      return readIs(body);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return readCompare(operator, body);
    case "contains":
    case "containsAny":
    case "containsAll":
      return readContains(operator, body);
    case "isEmpty":
      return readTerm(field(body, "arg"), (value) => (isSet(value) ? value.size === 0 : "opaque"));
  }
  return opaque;
}

/** A term whose value is known without evaluating anything that could fail: a context attribute or a literal. */
type Term = (facts: Facts) => SimpleFact | "open!" | undefined;

const OPEN = "open!";

function term(expression: unknown): Term | undefined {
  const [operator, body] = single(expression);
  if (operator === "Value") {
    if (typeof body === "string" || typeof body === "boolean" || Number.isSafeInteger(body)) return constant(body);
  }
  if (operator === "Set") return constant(stringSet(body));
  const attribute = field(body, "attr");
  if (operator !== "." || typeof attribute !== "string") return undefined;
  if (variable(field(body, "left")) !== "context") return memberOf(field(body, "left"), attribute);
  return (facts) => {
    if (!facts.has(attribute)) return undefined;
    const value = facts.get(attribute);
    return isRecord(value) ? undefined : (value ?? OPEN);
  };
}

/** `context.leak.kinds` */
function memberOf(record: unknown, member: string): Term | undefined {
  const [operator, body] = single(record);
  const attribute = field(body, "attr");
  if (operator !== "." || typeof attribute !== "string" || variable(field(body, "left")) !== "context")
    return undefined;
  return (facts) => {
    if (!facts.has(attribute)) return undefined;
    const value = facts.get(attribute);
    if (value === undefined) return OPEN;
    const found = isRecord(value) && Object.hasOwn(value, member) ? value[member] : undefined;
    return typeof found === "object" ? new Set(found) : found;
  };
}

function constant(value: unknown): Term | undefined {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "number" || isSet(value)) {
    return () => value;
  }
  return undefined;
}

/** Literal strings only. */
function stringSet(body: unknown): ReadonlySet<string> | undefined {
  if (!Array.isArray(body)) return undefined;
  const values = body
    .map((item) => single(item))
    .map(([operator, value]) => (operator === "Value" ? value : undefined));
  return values.every((value) => typeof value === "string") ? new Set(values) : undefined;
}

function readTerm(expression: unknown, judge: (value: SimpleFact) => Truth): Condition {
  const value = term(expression);
  if (value === undefined) return opaque;
  return (facts) => {
    const known = value(facts);
    if (known === undefined) return "opaque";
    return known === OPEN ? "open" : judge(known);
  };
}

function readTerms(body: unknown, judge: (left: SimpleFact, right: SimpleFact) => Truth): Condition {
  const [left, right] = [term(field(body, "left")), term(field(body, "right"))];
  if (left === undefined || right === undefined) return opaque;
  return (facts) => {
    const [a, b] = [left(facts), right(facts)];
    if (a === undefined || b === undefined) return "opaque";
    return a === OPEN || b === OPEN ? "open" : judge(a, b);
  };
}

function readEqual(body: unknown): Condition {
  const name = variable(field(body, "left"));
  const key = literalEntity(field(body, "right"));
  if (name !== undefined && key !== undefined) return (facts) => facts.isSame(name, key) ?? "opaque";
  return readTerms(body, (left, right) =>
    isSet(left) || isSet(right) || typeof left !== typeof right ? "opaque" : left === right,
  );
}

function readCompare(operator: "<" | "<=" | ">" | ">=", body: unknown): Condition {
  return readTerms(body, (left, right) => {
    if (typeof left !== "number" || typeof right !== "number") return "opaque";
    if (operator === "<") return left < right;
    if (operator === "<=") return left <= right;
    return operator === ">" ? left > right : left >= right;
  });
}

function readContains(operator: "contains" | "containsAny" | "containsAll", body: unknown): Condition {
  return readTerms(body, (left, right) => {
    if (!isSet(left)) return "opaque";
    if (operator === "contains") return typeof right === "string" ? left.has(right) : "opaque";
    if (!isSet(right)) return "opaque";
    return operator === "containsAll" ? every(right, left) : some(right, left);
  });
}

function readLike(body: unknown): Condition {
  const pattern = field(body, "pattern");
  if (!Array.isArray(pattern)) return opaque;
  const pieces = [""];
  for (const element of pattern) {
    const literal = field(element, "Literal");
    if (element === "Wildcard") pieces.push("");
    else if (typeof literal === "string") pieces.push((pieces.pop() ?? "") + literal);
    else return opaque;
  }
  return readTerm(field(body, "left"), (value) => (typeof value === "string" ? isLike(value, pieces) : "opaque"));
}

/** Whether a text is these pieces with anything between them. */
export function isLike(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (pieces.length === 1) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

function readHas(body: unknown): Condition {
  const attribute = field(body, "attr");
  if (variable(field(body, "left")) !== "context" || typeof attribute !== "string") return opaque;
  return (facts) => facts.has(attribute);
}

function readIn(left: unknown, right: unknown): Condition {
  const name = variable(left);
  const keys = literalEntities(right);
  if (name === undefined || keys === undefined) return opaque;
  return (facts) => {
    const found = keys.map((key) => facts.isIn(name, key));
    return found.includes(undefined) ? "opaque" : found.includes(true);
  };
}

function readIs(body: unknown): Condition {
  const name = variable(field(body, "left"));
  const type = field(body, "entity_type");
  const within = field(body, "in");
  if (name === undefined || typeof type !== "string") return opaque;
  const is: Condition = (facts) => {
    const entity = facts.entity(name);
    return entity === undefined ? "opaque" : entity.type === type;
  };
  return within === undefined ? is : and(is, readIn(field(body, "left"), within));
}

/** The one operator of an expression in Cedar's JSON form and what it holds. */
function single(expression: unknown): readonly [string, unknown] {
  if (typeof expression !== "object" || expression === null) return NOTHING;
  let found: readonly [string, unknown] | undefined;
  for (const name in expression) {
    if (found !== undefined) return NOTHING;
    found = [name, field(expression, name)];
  }
  return found ?? NOTHING;
}

const NOTHING: readonly [string, unknown] = ["", undefined];

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const found: unknown = Reflect.get(value, name);
  return found;
}

function variable(expression: unknown): string | undefined {
  const [operator, body] = single(expression);
  return operator === "Var" && typeof body === "string" ? body : undefined;
}

/** One entity or a set of them, written out. */
function literalEntities(expression: unknown): readonly EntityKey[] | undefined {
  const [operator, items] = single(expression);
  const expressions: readonly unknown[] = operator === "Set" && Array.isArray(items) ? items : [expression];
  const keys = expressions.map(literalEntity).filter((key) => key !== undefined);
  return keys.length === expressions.length ? keys : undefined;
}

function literalEntity(expression: unknown): EntityKey | undefined {
  const [operator, body] = single(expression);
  const uid = operator === "Value" ? field(body, "__entity") : undefined;
  const [type, id] = [field(uid, "type"), field(uid, "id")];
  return typeof type === "string" && typeof id === "string" ? entityKey({ type, id }) : undefined;
}

function every(wanted: ReadonlySet<string>, found: ReadonlySet<string>): boolean {
  for (const item of wanted) if (!found.has(item)) return false;
  return true;
}

function some(wanted: ReadonlySet<string>, found: ReadonlySet<string>): boolean {
  const [small, large] = wanted.size <= found.size ? [wanted, found] : [found, wanted];
  for (const item of small) if (large.has(item)) return true;
  return false;
}

function isRecord(value: Fact | undefined): value is RecordFact {
  return typeof value === "object" && !isSet(value);
}

/**
 * The entities of which the resource must be in one for the conditions to be anything but plainly false; `undefined` when
 * they do not begin by saying so. Only what Cedar evaluates first counts: what comes later may be behind a failure.
 */
export function requiredGroups(clauses: readonly Clause[]): readonly EntityKey[] | undefined {
  const [first] = clauses;
  return first?.kind === "when" ? groupsOf(first.body) : undefined;
}

function groupsOf(expression: unknown): readonly EntityKey[] | undefined {
  const [operator, body] = single(expression);
  const [left, right] = [field(body, "left"), field(body, "right")];
  if (operator === "&&") return groupsOf(left);
  if (operator === "in" && variable(left) === "resource") return literalEntities(right);
  if (operator !== "||") return undefined;
  const [a, b] = [groupsOf(left), groupsOf(right)];
  return a === undefined || b === undefined ? undefined : [...new Set([...a, ...b])];
}

/** The context attributes that a policy's conditions mention; `all` when they use the context as a whole. */
export function attributesOf(clauses: readonly Clause[]): ReadonlySet<string> | "all" {
  const found = new Set<string>();
  const whole = clauses.some((clause) => usesWholeContext(clause.body, found));
  return whole ? "all" : found;
}

function usesWholeContext(expression: unknown, found: Set<string>): boolean {
  if (typeof expression !== "object" || expression === null) return false;
  if (variable(expression) === "context") return true;
  const [operator, body] = single(expression);
  const attribute = field(body, "attr");
  if ((operator === "." || operator === "has") && variable(field(body, "left")) === "context") {
    const first: unknown = Array.isArray(attribute) ? attribute[0] : attribute;
    if (typeof first !== "string") return true;
    found.add(first);
    return false;
  }
  return Object.values(expression).some((part) => usesWholeContext(part, found));
}
