import { strict as assert } from "node:assert";
import { after, describe, test } from "node:test";
import { RUN } from "../../test/requests.ts";
import { openDecider } from "../decide/decider.ts";
import { hostsOfHttpPolicies } from "../http-hosts.ts";
import { httpRequestFor } from "../request/http-request.ts";
import { checkPolicySet } from "../review/check.ts";
import { STANDARD_POLICIES } from "../standard/standard.ts";
import type { RuleSetName } from "./rule-set.ts";
import { problemOfRuleSet, RULE_SET_NAMES, ruleSetPolicies } from "./rule-sets.ts";

const HOSTS: Partial<Record<RuleSetName, readonly string[]>> = {
  git: ["git.corp.test", "*.git.test"],
  npm: ["npm.test"],
  pypi: ["index.test", "files.index.test", "upload.index.test"],
  cargo: ["crates.test", "index.crates.test"],
  go: ["modules.test", "sums.test"],
  apt: ["packages.test"],
};
const choices = RULE_SET_NAMES.map((name) => ({
  name,
  hosts: HOSTS[name] ?? [],
  owners: ["git", "github", "gitlab"].includes(name) ? ["acme", "beta/tools"] : [],
}));
const sources = choices.map(ruleSetPolicies);
const decider = await openDecider({ sources: [...STANDARD_POLICIES, ...sources], cache: undefined });
after(() => decider.close());

async function decide(line: string): Promise<{ outcome: string; policies: readonly string[]; reason: string }> {
  const [method = "", url = ""] = line.split(" ");
  const slash = url.indexOf("/");
  const sent = {
    host: url.slice(0, slash),
    port: 443,
    secure: true,
    method,
    target: url.slice(slash),
    headers: [],
    sizeBytes: -1,
    credential: "",
    program: "",
  };
  const request = httpRequestFor(RUN, sent, 0);
  assert.ok(!("unreadable" in request), line);
  return await decider.decide(request);
}

const ALLOWED = `
GET git.corp.test/any/repo.git/info/refs?service=git-upload-pack|POST git.corp.test/any/repo.git/git-upload-pack|POST x.git.test/a/b/git-upload-pack
GET git.corp.test/any/repo.git/info/refs?service=git-receive-pack|POST git.corp.test/acme/repo.git/git-receive-pack|POST git.corp.test/beta/tools/x.git/git-receive-pack
GET github.com/any/repo/info/refs?service=git-upload-pack|POST github.com/any/repo/git-upload-pack|POST github.com/acme/repo.git/git-receive-pack
POST github.com/any/repo.git/info/lfs/objects/batch|GET raw.githubusercontent.com/any/repo/main/x|GET api.github.com/user|GET api.github.com/gists
POST api.github.com/repos/acme/x/issues|POST api.github.com/repos/acme/x/pulls|PATCH api.github.com/repos/acme/x/issues/3|PUT api.github.com/repos/acme/x/contents/a/b
GET gitlab.com/api/v4/projects/any%2Fx/issues|POST gitlab.com/api/v4/projects/acme%2Fx/merge_requests|POST gitlab.com/acme/x.git/git-receive-pack
POST gitlab.com/api/v4/projects/beta%2Ftools%2Fx/issues/3/notes
GET npm.test/@types%2fnode|GET npm.test/left-pad/-/left-pad-1.3.0.tgz|POST npm.test/-/npm/v1/security/advisories/bulk
GET index.test/simple/requests/|GET files.index.test/packages/a/b|GET index.crates.test/se/rd/serde|GET crates.test/api/v1/crates/serde
GET modules.test/example.test/x/mod/@v/list|GET sums.test/lookup/a@v1|GET packages.test/debian/dists/stable/InRelease|HEAD packages.test/debian/
POST api.anthropic.com/v1/messages?beta=true|POST api.anthropic.com/v1/messages/count_tokens|GET api.anthropic.com/v1/models|GET api.anthropic.com/v1/models/x-1|HEAD api.anthropic.com/
POST api.openai.com/v1/responses|GET api.openai.com/v1/responses|POST api.openai.com/v1/responses/compact|POST api.openai.com/v1/chat/completions|POST api.openai.com/v1/embeddings
GET api.openai.com/v1/models|GET api.openai.com/v1/models/x-1|POST generativelanguage.googleapis.com/v1beta/models/x-1:generateContent
POST generativelanguage.googleapis.com/v1beta/models/x-1:streamGenerateContent?alt=sse|POST generativelanguage.googleapis.com/v1/models/x-1%3AcountTokens
POST generativelanguage.googleapis.com/v1alpha/models/x:batchEmbedContents|GET generativelanguage.googleapis.com/v1beta/models?pageSize=50|GET generativelanguage.googleapis.com/v1beta/models/x-1
PUT elsewhere.test/anything`;

const FORBIDDEN = `
POST git.corp.test/evil/repo.git/git-receive-pack|POST git.corp.test/acme2/repo.git/git-receive-pack|POST git.corp.test/acme/git-receive-pack|POST git.corp.test/ACME/x/git-receive-pack
POST git.corp.test/beta/other/x/git-receive-pack|PUT git.corp.test/acme/x/git-receive-pack|POST git.corp.test/login|DELETE git.corp.test/acme/x
POST git.corp.test/evil%2fx/git-receive-pack|POST git.corp.test/acme;x/y/git-receive-pack|POST x.git.test/evil/y/git-receive-pack
POST github.com/evil/repo/git-receive-pack|POST github.com/login/oauth/access_token|POST github.com/acme/x/settings/keys|DELETE github.com/acme/x
POST api.github.com/gists|PATCH api.github.com/gists/1|POST gist.github.com/|POST gist.github.com/abc.git/git-receive-pack|POST api.github.com/graphql
POST api.github.com/repos/acme/x/keys|POST api.github.com/repos/acme/x/hooks|PUT api.github.com/repos/acme/x/collaborators/evil|PUT api.github.com/repos/acme/x/actions/secrets/X
PATCH api.github.com/repos/acme/x|DELETE api.github.com/repos/acme/x|DELETE api.github.com/repos/acme/x/issues/1|POST api.github.com/repos/evil/x/issues|POST api.github.com/user/repos
POST api.github.com/user/keys|POST api.github.com/orgs/acme/repos|POST uploads.github.com/repos/acme/x/releases/1/assets|POST api.github.com/repos/acme/issues
POST gitlab.com/evil/x.git/git-receive-pack|POST gitlab.com/api/v4/projects/evil%2Fx/issues|POST gitlab.com/api/v4/projects/42/issues|POST gitlab.com/api/v4/projects/acme%2Fx/deploy_keys
POST gitlab.com/api/v4/snippets|POST gitlab.com/api/graphql|DELETE gitlab.com/api/v4/projects/acme%2Fx/issues/1
PUT npm.test/left-pad|PUT npm.test/@acme%2fx|PUT npm.test/-/user/org.couchdb.user:me|POST npm.test/-/npm/v1/tokens|DELETE npm.test/x/-rev/1
POST upload.index.test/legacy/|POST index.test/pypi|PUT crates.test/api/v1/crates/new|DELETE crates.test/api/v1/crates/x/1/yank|POST modules.test/x|PUT packages.test/debian/x
POST api.anthropic.com/v1/files|GET api.anthropic.com/v1/files|GET api.anthropic.com/v1/files/f/content|DELETE api.anthropic.com/v1/files/f|POST api.anthropic.com/v1/messages/batches
GET api.anthropic.com/v1/messages/batches/b/results|GET api.anthropic.com/v1/messages|POST api.anthropic.com/v1/skills|POST api.anthropic.com/v1/models|DELETE api.anthropic.com/v1/messages
GET api.anthropic.com/v1/organizations/api_keys|POST api.anthropic.com/v1/organizations/invites|POST api.anthropic.com/v1/complete|POST api.anthropic.com/api/event_logging/batch
POST api.anthropic.com/v1/messages;x|POST api.anthropic.com/v1/files%2fmessages|POST api.anthropic.com/v1%2ffiles|POST api.anthropic.com/|PUT api.anthropic.com/v1/messages|GET api.anthropic.com/v1/models/x/y
POST api.openai.com/v1/files|POST api.openai.com/v1/uploads|GET api.openai.com/v1/files/f/content|POST api.openai.com/v1/batches|POST api.openai.com/v1/vector_stores|POST api.openai.com/v1/fine_tuning/jobs
POST api.openai.com/v1/assistants|POST api.openai.com/v1/threads|GET api.openai.com/v1/responses/r|DELETE api.openai.com/v1/responses/r|GET api.openai.com/v1/chat/completions|POST api.openai.com/v1/containers
POST api.openai.com/v1/organization/admin_api_keys|GET api.openai.com/v1/organization/users|DELETE api.openai.com/v1/models/x|POST api.openai.com/v1/images/edits|GET api.openai.com/
POST generativelanguage.googleapis.com/upload/v1beta/files|POST generativelanguage.googleapis.com/v1beta/files|GET generativelanguage.googleapis.com/v1beta/files|POST generativelanguage.googleapis.com/v1beta/cachedContents
POST generativelanguage.googleapis.com/v1beta/tunedModels|POST generativelanguage.googleapis.com/v1beta/tunedModels/t:generateContent|POST generativelanguage.googleapis.com/v1beta/models/x:batchGenerateContent
POST generativelanguage.googleapis.com/v1beta/models/x/y:generateContent|POST generativelanguage.googleapis.com/v1beta/models/x:generateContent;y|POST generativelanguage.googleapis.com/v2/models/x:generateContent
DELETE generativelanguage.googleapis.com/v1beta/models/x|POST generativelanguage.googleapis.com/v1beta/corpora|GET generativelanguage.googleapis.com/v1beta/models/x/operations/o`;

function lines(text: string): readonly string[] {
  return text.split(/[|\n]/).filter((line) => line !== "");
}

describe("rule sets", () => {
  for (const line of lines(ALLOWED)) {
    test(`let through: ${line}`, async () => assert.equal((await decide(line)).outcome, "allow"));
  }
  for (const line of lines(FORBIDDEN)) {
    test(`refused: ${line}`, async () => {
      const { outcome, policies, reason } = await decide(line);
      assert.equal(outcome, "deny");
      assert.ok(policies.length > 0 && policies.every((id) => id.startsWith("rules.")), policies.join());
      assert.notEqual(reason, "");
    });
  }

  test("are valid, alone and together, with owners and without", async () => {
    const bare = choices.map((choice) => ruleSetPolicies({ ...choice, owners: [] }));
    for (const set of [sources, bare, ...bare.map((source) => [source])])
      assert.deepEqual(await checkPolicySet(set), []);
  });

  test("without owners nothing is pushed anywhere", async () => {
    const closed = await openDecider({
      sources: [...STANDARD_POLICIES, ruleSetPolicies({ name: "git", hosts: ["git.corp.test"], owners: [] })],
      cache: undefined,
    });
    const sent = { host: "git.corp.test", port: 443, secure: true, method: "POST", target: "/acme/x/git-receive-pack", headers: [], sizeBytes: -1, credential: "", program: "" }; // prettier-ignore
    const request = httpRequestFor(RUN, sent, 0);
    assert.ok(!("unreadable" in request));
    assert.equal((await closed.decide(request)).outcome, "deny");
    await closed.close();
  });

  test("name their hosts, so that connections to them are looked into", () => {
    assert.deepEqual(hostsOfHttpPolicies([ruleSetPolicies({ name: "npm", hosts: ["npm.test"], owners: [] })]), [
      "npm.test",
    ]);
    assert.ok(hostsOfHttpPolicies(sources).includes("*.git.test"));
    assert.deepEqual(hostsOfHttpPolicies(STANDARD_POLICIES), []);
  });

  test("what they cannot do is said", () => {
    for (const name of ["git", "npm", "pypi", "cargo", "go", "apt"] as const)
      assert.equal(problemOfRuleSet({ name, hosts: [], owners: [] }), "needs `hosts`");
    for (const name of ["github", "anthropic", "openai", "gemini"] as const)
      assert.equal(problemOfRuleSet({ name, hosts: [], owners: [] }), undefined);
    for (const name of ["npm", "anthropic"] as const)
      assert.match(problemOfRuleSet({ name, hosts: ["a.test"], owners: ["acme"] }) ?? "", /takes no `owners`/);
  });
});
