import cedar from "@cedar-policy/cedar-wasm/nodejs";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { openAccessDecider, policiesFor, type AccessRequest, type AccessResource, type Grant } from "./access.ts";
import {
  ACCESS_ACTIONS,
  ACCESS_SCHEMA,
  ACTIONS,
  RESOURCES,
  type AccessAction,
  type AccessContext,
  type ResourceType,
} from "./actions.ts";
import { BUILT_IN_ROLES, customRole, type Role } from "./roles.ts";

const decider = openAccessDecider();
after(() => decider.close());

const CONTEXT: AccessContext = { own: false, nowMs: 0, classes: [], risk: "high", labels: [], confirmed: false };
const COMPANY = { type: "Company", id: "company" } as const;
const grant = (roleName: string, scope: Grant["scope"], role?: Role): Grant => ({
  id: `${roleName}-1`,
  roleName,
  role: role ?? BUILT_IN_ROLES[roleName as keyof typeof BUILT_IN_ROLES],
  scope,
});

function request(action: AccessAction, grants: readonly Grant[], more: Partial<AccessRequest> = {}): AccessRequest {
  return {
    principal: { type: "Person", id: "robin" },
    grants,
    limitedTo: undefined,
    forbids: {},
    action,
    resource: resource(ACTIONS[action].on),
    context: CONTEXT,
    ...more,
  };
}

/** One of each type, in one of each type that it may lie in. */
function resource(type: ResourceType): AccessRequest["resource"] {
  const id = (of: ResourceType): string => (of === "Company" ? "company" : `${of.toLowerCase()}-1`);
  return { type, id: id(type), within: RESOURCES[type].map((each) => ({ type: each, id: id(each) })) };
}

describe("rights", () => {
  test("without a role nothing is permitted", async () => {
    for (const action of ACCESS_ACTIONS) {
      const decision = await decider.decide(request(action, []));
      assert.equal(decision.allowed, false, action);
      assert.equal(decision.failure, undefined);
      assert.match(decision.reason, /no role permits|writes its own record/);
    }
  });

  /** Each type of resource that an action is about, as one's own and as another's. */
  function cases(action: AccessAction): (readonly [own: boolean, asked: AccessResource])[] {
    const { on, also = [] }: { readonly on: ResourceType; readonly also?: readonly ResourceType[] } = ACTIONS[action];
    return [on, ...also].flatMap((type) => [false, true].map((own) => [own, resource(type)] as const));
  }

  test("every built-in role permits what its table says and nothing else, within its scope and nowhere else", async () => {
    const scopes = (Object.keys(RESOURCES) as ResourceType[]).map((type) => ({ type, id: resource(type).id }));
    for (const [roleName, role] of Object.entries<Role>(BUILT_IN_ROLES)) {
      for (const action of ACCESS_ACTIONS) {
        for (const scope of scopes) {
          for (const [own, asked] of cases(action)) {
            const within = [asked, ...asked.within].some(({ type, id }) => type === scope.type && id === scope.id);
            const has = role.any.includes(action) || (own && role.own.includes(action));
            const forbidden =
              ["writeEvents", "followOrders", "askQuestion", "takeTask"].includes(action) ||
              (own && ["grantRole", "grantOwner", "managePeople", "answerQuestion", "approvePolicy"].includes(action));
            const decision = await decider.decide(
              request(action, [grant(roleName, scope)], { resource: asked, context: { ...CONTEXT, own } }),
            );
            assert.equal(
              decision.allowed,
              has && within && !forbidden,
              `${roleName} ${action} ${asked.type} for ${scope.type} ${String(own)}`,
            );
          }
        }
        const elsewhere = await decider.decide(request(action, [grant(roleName, { type: "Team", id: "other" })]));
        assert.equal(elsewhere.allowed, false);
      }
    }
  });

  test("a host writes its own record, and no other's", async () => {
    const host = { type: "Host", id: "host-1" } as const;
    const own = request("writeEvents", [grant("host", host)], {
      principal: host,
      context: { ...CONTEXT, own: true },
    });
    assert.equal((await decider.decide(own)).allowed, true);
    // Even a server that believed it to be its own can't give it another's.
    const other = { ...own, resource: { type: "Host", id: "host-2", within: [COMPANY] } } as const;
    const wide = await decider.decide({ ...other, grants: [grant("host", COMPANY)] });
    assert.deepEqual([wide.allowed, wide.policies], [false, ["duties.only-hosts-write"]]);
  });

  test("a token does no more than it is for, whatever its person may do", async () => {
    const limited = request("viewRun", [grant("owner", COMPANY)], { limitedTo: ["viewHost"] });
    assert.deepEqual((await decider.decide(limited)).policies, ["token.scope"]);
    assert.equal((await decider.decide({ ...limited, limitedTo: ["viewRun"] })).allowed, true);
    assert.equal((await decider.decide({ ...limited, limitedTo: [] })).allowed, false);
  });

  test("a policy that can't be evaluated denies", async () => {
    const broken: Grant = { ...grant("owner", COMPANY), role: { any: ['no"such' as AccessAction], own: [] } };
    const decision = await decider.decide(request("viewRun", [grant("owner", COMPANY), { ...broken, id: "b" }]));
    assert.equal(decision.allowed, false);
    assert.match(decision.reason, /could not be decided/);
  });

  test("ids are data, whatever is in them", async () => {
    for (const id of ['"); permit(principal, action, resource); //', "é\u0000\u2028😀", "\\", "\ud800"]) {
      const scope = { type: "Team", id } as const;
      const inside = request("viewHost", [grant("auditor", scope)], {
        principal: { type: "Person", id },
        resource: { type: "Host", id, within: [scope] },
      });
      assert.equal((await decider.decide(inside)).allowed, true, id);
      assert.equal((await decider.decide({ ...inside, resource: { ...inside.resource, within: [] } })).allowed, false);
    }
  });

  test("a role of one's own has what was named, and never what would give it more", () => {
    assert.deepEqual(customRole(["viewRun"])?.any, ["viewRun"]);
    for (const wrong of [[], ["grantRole"], ["grantOwner"], ["defineRole"], ["writeEvents"], ["viewRun", "fly"]]) {
      assert.equal(customRole(wrong), undefined);
    }
  });

  test("what is given to Cedar is valid under the schema", () => {
    for (const [name, role] of Object.entries<Role>(BUILT_IN_ROLES)) {
      const texts = policiesFor({
        principal: { type: "Person", id: "x" },
        grants: [grant(name, COMPANY, role)],
        limitedTo: ["viewRun"],
        forbids: {},
        context: CONTEXT,
      });
      const answer = cedar.validate({ schema: ACCESS_SCHEMA, policies: { staticPolicies: texts } });
      assert.equal(answer.type, "success", JSON.stringify(answer));
      assert.deepEqual(answer.type === "success" && answer.validationErrors, [], name);
    }
  });
});
