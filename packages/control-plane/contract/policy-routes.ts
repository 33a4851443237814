/** Routes by which policies are written, reviewed and rolled out, and by which hosts get them. A part of the one table. */
import { z } from "zod";
import * as form from "./policies.ts";
import { by, list, type Route } from "./route.ts";
import { id } from "./schemas.ts";

const params = z.object({ version: form.version });
const ofVersion = { version: "version" } as const;
const ofScope = { scope: "scope" } as const;

export const POLICY_ROUTES = {
  draftPolicy: {
    method: "post",
    path: "/api/v1/policies/drafts",
    what: "Keeps a draft of what a layer says, checked and tested. It holds for nobody.",
    needs: { action: "editPolicy", resource: ofScope },
    body: form.newDraft,
    answer: form.policyVersion,
  },
  checkPolicy: {
    method: "post",
    path: "/api/v1/policies/check",
    what: "What is wrong with a text, where, what its policies say in words, and how its tests come out. Keeps nothing.",
    needs: { action: "viewPolicy", resource: ofScope },
    body: form.bundleText,
    answer: form.checked,
  },
  explainPolicy: {
    method: "post",
    path: "/api/v1/policies/explain",
    what: "What would be decided of a command or a host under a text and the layers above it, and which policies say so. Keeps nothing.",
    needs: { action: "viewPolicy", resource: ofScope },
    body: form.explainText,
    answer: form.explainedText,
  },
  listPolicies: {
    method: "get",
    path: "/api/v1/policies/versions",
    what: "Drafts and versions, newest first.",
    needs: { action: "viewPolicy", resource: "each" },
    answer: list(form.policyVersion),
  },
  listReleases: {
    method: "get",
    path: "/api/v1/policies/releases",
    what: "What was rolled out and rolled back, newest first.",
    needs: { action: "viewPolicy", resource: "each" },
    answer: list(form.release),
  },
  showPolicy: {
    method: "get",
    path: "/api/v1/policies/versions/{version}",
    what: "A version with its text, and what holds for its scope now.",
    needs: { action: "viewPolicy", resource: ofVersion },
    params,
    answer: form.wholeVersion,
  },
  whatIfPolicy: {
    method: "post",
    path: "/api/v1/policies/versions/{version}/what-if",
    what: "What a version would have decided of runs in its scope that the caller may read.",
    needs: { action: "viewPolicy", resource: ofVersion },
    params,
    body: form.whatIf,
    answer: form.whatIfFound,
  },
  approvePolicy: {
    method: "post",
    path: "/api/v1/policies/versions/{version}/approve",
    what: "Says yes to a draft, as somebody who did not write it.",
    needs: { action: "approvePolicy", resource: ofVersion },
    params,
    body: form.approval,
    answer: form.policyVersion,
  },
  rejectPolicy: {
    method: "post",
    path: "/api/v1/policies/versions/{version}/reject",
    what: "Says no to a draft.",
    needs: { action: "approvePolicy", resource: ofVersion },
    params,
    body: form.rejection,
    answer: form.policyVersion,
  },
  rollOutPolicy: {
    method: "post",
    path: "/api/v1/policies/versions/{version}/roll-out",
    what: "Has an approved version hold for hosts of its scope: all, a part, or named ones first.",
    needs: { action: "rollOutPolicy", resource: ofVersion },
    params,
    body: form.newRelease,
    answer: form.release,
  },
  promotePolicy: {
    method: "post",
    path: "/api/v1/policies/promote",
    what: "Has what is being rolled out for a scope hold for more hosts; lets a halted one go on.",
    needs: { action: "rollOutPolicy", resource: ofScope },
    body: form.promotion,
    answer: form.release,
  },
  haltPolicy: {
    method: "post",
    path: "/api/v1/policies/halt",
    what: "No host gets what is being rolled out for a scope that does not have it already.",
    needs: { action: "rollBackPolicy", resource: ofScope },
    body: form.halting,
    answer: form.release,
  },
  rollBackPolicy: {
    method: "post",
    path: "/api/v1/policies/roll-back",
    what: "Puts back, for all hosts of a scope at once, what held for all of them before.",
    needs: { action: "rollBackPolicy", resource: ofScope },
    body: form.rollback,
    answer: form.release,
  },
  policyDrift: {
    method: "get",
    path: "/api/v1/policies/drift",
    what: "Which policies each host has, since when it is behind, and what it refused.",
    needs: { action: "viewHost", resource: "each" },
    answer: list(form.drift),
  },
  fetchPolicies: {
    method: "post",
    path: "/api/v1/hosts/{host}/policies",
    what: "Which layers hold for a host, signed, and the bundles that it does not have.",
    needs: { action: "followOrders", resource: by("Host", "host") },
    params: z.object({ host: id }),
    body: form.fetchPolicies,
    answer: form.fetchedPolicies,
  },
} as const satisfies Record<string, Route>;
