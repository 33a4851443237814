/**
 * The worker that holds Cedar. Here a policy text may loop or trap without stopping whoever decides.
 *
 * SAFETY: reads no files but Cedar itself, opens no sockets; answers only the questions of its parent (cedar/messages.ts).
 */
import * as cedar from "@cedar-policy/cedar-wasm/web";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { parentPort } from "node:worker_threads";
import { compilePolicySet, describe } from "./cedar/compile.ts";
import type { Answers, Ask, AuthorizationCall, ContextValue, Evaluation, Question, Reply } from "./cedar/messages.ts";
import { findStatements, MAX_DEPTH } from "./cedar/statements.ts";

/**
 * Memory that the C library's allocator does not manage: once it was given megabytes back, it keeps as many in the arena of
 * each thread, for good.
 */
function readOutsideHeap(url: URL): Uint8Array<ArrayBuffer> {
  const file = openSync(url, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = new Uint8Array(new WebAssembly.Memory({ initial: Math.ceil(size / 65_536) }).buffer, 0, size);
    for (let read = 0; read < size;) {
      const count = readSync(file, bytes, read, size - read, read);
      if (count === 0) throw new Error(`\`${url.pathname}\` ends after ${String(read)} bytes`);
      read += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

// Threads that validate and compile a module at once leave megabytes behind in an allocator's arena each.
setFlagsFromString("--wasm-lazy-validation");
setFlagsFromString("--wasm-num-compilation-tasks=1");
cedar.initSync({
  module: readOutsideHeap(new URL("cedar_wasm_bg.wasm", import.meta.resolve("@cedar-policy/cedar-wasm/web"))),
});

function answer(question: Question): Answers[Ask["kind"]] {
  switch (question.kind) {
    case "warm":
      return warm();
    case "compile":
      return compilePolicySet(cedar, question.sources);
    case "format":
      return format(question.text);
    case "evaluate":
      if (question.prepare !== undefined) prepare(question.slot, question.prepare);
      return evaluate(question.slot, question.call);
  }
}

function prepare(slot: number, staticPolicies: Readonly<Record<string, string>>): void {
  const result = cedar.preparsePolicySet(slotName(slot), { staticPolicies });
  if (result.type === "failure") throw new Error(result.errors.map((error) => error.message).join("; "));
}

function evaluate(slot: number, call: AuthorizationCall): Evaluation {
  const result = cedar.statefulIsAuthorized({
    principal: call.principal,
    action: call.action,
    resource: call.resource,
    context: Object.fromEntries(Object.entries(call.context).map(([name, value]) => [name, plain(value)])),
    entities: call.entities.map(({ uid, parents }) => ({ uid, attrs: {}, parents: [...parents] })),
    preparsedPolicySetId: slotName(slot),
  });
  if (result.type === "failure") throw new Error(result.errors.map((error) => error.message).join("; "));
  const { decision, diagnostics } = result.response;
  return {
    decision,
    reasons: diagnostics.reason,
    errors: diagnostics.errors.map(({ policyId, error }) => `\`${policyId}\`: ${error.message}`),
  };
}

function plain(value: ContextValue): cedar.CedarValueJson {
  if (typeof value !== "object") return value;
  if (isList(value)) return [...value];
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}

/** The first parse and the first evaluation cost ten times the next: V8 compiles what they use. */
function warm(): true {
  const uid = { type: "Warm", id: "up" };
  prepare(WARM_SLOT, {
    up: 'permit(principal, action, resource) when { context.a like "x*" && context.b.contains("y") };',
  });
  evaluate(WARM_SLOT, {
    principal: uid,
    action: { type: "Action", id: "warm" },
    resource: uid,
    entities: [{ uid, parents: [{ type: "Warm", id: "group" }] }],
    context: { a: "x", b: ["y"] },
  });
  return true;
}

const WARM_SLOT = -1;

function slotName(slot: number): string {
  return `slot ${String(slot)}`;
}

function format(text: string): Answers["format"] {
  const source = { name: "", text };
  if (findStatements(text).some(({ depth }) => depth > MAX_DEPTH)) {
    const message = `nested more than ${String(MAX_DEPTH)} levels deep`;
    return { problems: [{ ...describe(plainError(message), source, 0), remedy: "split the policy" }] };
  }
  const result = cedar.formatPolicies({ policyText: text, lineWidth: 120, indentWidth: 2 });
  if (result.type === "success") return { text: result.formatted_policy };
  return { problems: result.errors.map((error) => describe(error, source, 0)) };
}

function plainError(message: string) {
  return { message, help: null, code: null, url: null, severity: null };
}

const port = parentPort;
if (port === null) throw new Error("this file is the entry of a worker");
port.on("message", (question: Question) => {
  let reply: Reply;
  try {
    reply = { id: question.id, ok: true, value: answer(question) };
  } catch (error) {
    // A trap leaves the instance poisoned: every later call would fail, or worse. Other errors leave it whole.
    const trapped = error instanceof RangeError || (error instanceof Error && error.name === "RuntimeError");
    reply = { id: question.id, ok: false, trapped, message: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(reply);
});
