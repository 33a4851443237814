import assert from "node:assert/strict";
import { test } from "node:test";
import { grantsOfPerson, grantText } from "./grant-text.ts";
import type { Grant } from "./use-people.ts";

const company = { type: "Company", id: "company" } as const;
const grant = (id: string, change: Partial<Grant> = {}): Grant => ({
  ...{ id, to: { type: "Person", id: "robin" }, role: "auditor", scope: company, grantedBy: "olivia", at: 1 },
  ...change,
});

test("a grant is said with all its conditions", () => {
  const hours = { days: [1, 5], from: "09:00", to: "17:00", zone: "Europe/Berlin" };
  const when = { classes: ["push"], risk: "medium", labels: ["team=payments"], hours } as const;
  const text = grantText(
    grant("g", {
      scope: { type: "Team", id: "payments" },
      when: { ...when, classes: ["push"], labels: ["team=payments"] },
    }),
  );
  assert.equal(
    text,
    "auditor for Team payments, only questions about push, only questions of risk low or medium, only runs with team=payments, only Mon Fri 09:00 to 17:00 (Europe/Berlin)",
  );
  assert.equal(grantText(grant("g")), "auditor for the company");
});

test("somebody has what is theirs and their teams', and nothing of a token or team of another", () => {
  const grants = [
    grant("own"),
    grant("team", { to: { type: "Team", id: "payments" } }),
    grant("other-team", { to: { type: "Team", id: "shop" } }),
    grant("other", { to: { type: "Person", id: "norbert" } }),
    grant("token", { to: { type: "Token", id: "robin" } }),
  ];
  const held = grantsOfPerson({ id: "robin", name: "Robin", active: true, teams: ["payments"] }, grants);
  assert.deepEqual(
    held.map(({ id, team }) => [id, team]),
    [
      ["own", undefined],
      ["team", "payments"],
    ],
  );
});
