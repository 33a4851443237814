/** A company's policies by the shipped command: drafted by one person, approved by another, taken by hosts. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SignedIn } from "./control-plane.ts";
import { bailiwick, type Place } from "./governed.ts";

/** What the person of a test may do with policies, where their roles permit it. */
export const POLICY_ACTIONS = [
  "viewPolicy",
  "editPolicy",
  "approvePolicy",
  "rollOutPolicy",
  "rollBackPolicy",
  "viewHost",
  "readRun",
];

export type Files = Readonly<Record<string, string>>;

export interface PolicyAuthors {
  readonly author: SignedIn;
  readonly approver: SignedIn;
}

/** `bailiwick policy …`, of a person or a host. */
export async function policy(by: SignedIn | Place, ...args: readonly string[]) {
  const place = "place" in by ? by.place : by;
  const { status, stdout, stderr } = await bailiwick(place, ["policy", ...args, "--json"]);
  return { status, stderr, stdout, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

export async function draft({ author }: PolicyAuthors, files: Files, ...scope: readonly string[]) {
  const name = `draft-${String(Math.random()).slice(2)}`;
  for (const [file, text] of Object.entries(files)) author.place.write(`${name}/${file}`, text);
  return await policy(author, "draft", join(author.place.root, name), ...scope);
}

/** Drafted, and approved by somebody else. @returns the version */
export async function approved(authors: PolicyAuthors, files: Files, scope: readonly string[]): Promise<string> {
  const drafted = await draft(authors, files, ...scope);
  assert.equal(drafted.status, 0, drafted.stderr);
  const id = String(drafted.json()["id"]);
  assert.equal((await policy(authors.approver, "approve", id)).status, 0);
  return id;
}

/** And rolled out. @returns the version */
export async function release(
  authors: PolicyAuthors,
  files: Files,
  scope: readonly string[],
  ...stage: readonly string[]
): Promise<string> {
  const id = await approved(authors, files, scope);
  const rolled = await policy(authors.approver, "rollout", id, ...stage);
  assert.equal(rolled.status, 0, rolled.stderr);
  return id;
}

export function forbidProgram(program: string, id = `corp.${program}`): string {
  return `@id("${id}") @reason("${program} is not for agents") forbid (principal, action == Action::"exec", resource in ProgramGroup::"${program}");\n`;
}

/** A file of what a host holds of its company's policies. */
export function heldFile(place: Place, name: string): string {
  return join(place.state, "server/policy", name);
}
