import { useState, type ReactNode } from "react";
import type { InputOf } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { server } from "../server.ts";
import { noHours, RoleHours, type Hours } from "./role-hours.tsx";
import type { OfPersonProps } from "./use-people.ts";

type NewGrant = InputOf<"grantRole">["body"];
const SCOPES = ["Company", "Team", "Person", "Project", "Agent", "Host", "Run"] as const;

interface Given {
  readonly role: string;
  readonly type: (typeof SCOPES)[number];
  readonly id: string;
  /** As the field has it: in the viewer's zone. */
  readonly until: string;
  readonly labels: string;
  readonly classes: string;
  readonly risk: string;
  readonly hours: Hours;
}

const NOTHING: Given = {
  ...{ role: "developer", type: "Company", id: "", until: "", labels: "", classes: "", risk: "" },
  hours: noHours(),
};

/** A role for a scope, for a time, and under conditions. */
export function GiveRole({ session: { id: who, actions }, person, known, onDone }: OfPersonProps): ReactNode {
  const [given, setGiven] = useState(NOTHING);
  const isOwner = given.role === "owner";
  const right = actions.includes("grantOwner") && isOwner ? undefined : hindranceOf(actions, "grantRole");
  const own = who === person.id ? "nobody gives themselves a role: somebody else has to" : undefined;
  return (
    <Act
      label="Give a role"
      what={
        <p>
          What each permits is said where <Link href="/roles">roles</Link> are. It counts at once.
        </p>
      }
      hindrance={own ?? right}
      act={async () => {
        if (isOwner) await server.call("grantOwner", { body: { person: person.id } });
        else await server.call("grantRole", { body: grantOf(person.id, given) });
        setGiven(NOTHING);
        return "Given.";
      }}
      onDone={onDone}
    >
      <Fields
        given={given}
        roles={known.roles.map(({ name }) => name).filter((name) => name !== "host")}
        onChange={(change) => setGiven((before) => ({ ...before, ...change }))}
      />
    </Act>
  );
}

function grantOf(person: string, { role, type, id, until, labels, classes, risk, hours }: Given): NewGrant {
  const list = (text: string): string[] => text.split(/[\s,]+/).filter((each) => each !== "");
  const when: NewGrant["when"] = {
    ...(list(labels).length > 0 && { labels: list(labels) }),
    ...(list(classes).length > 0 && { classes: list(classes) }),
    ...((risk === "low" || risk === "medium") && { risk }),
    ...(hours.days.length > 0 && { hours: { ...hours, days: [...hours.days], zone: hours.zone.trim() } }),
  };
  return {
    to: { type: "Person", id: person },
    role,
    scope: { type, id: type === "Company" ? "company" : id.trim() },
    ...(until !== "" && { expiresAt: new Date(until).getTime() }),
    ...(Object.keys(when).length > 0 && { when }),
  };
}

interface FieldsProps {
  readonly given: Given;
  readonly roles: readonly string[];
  readonly onChange: (change: Partial<Given>) => void;
}

function Fields({ given, roles, onChange }: FieldsProps): ReactNode {
  const { role, type, id, until, labels, classes, risk, hours } = given;
  const isOwner = role === "owner";
  return (
    <div className="in-line">
      <label>
        Role{" "}
        <select autoFocus value={role} onChange={({ target }) => onChange({ role: target.value })}>
          {roles.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label>
        for{" "}
        <select
          disabled={isOwner}
          value={isOwner ? "Company" : type}
          onChange={({ target }) => onChange({ type: SCOPES.find((each) => each === target.value) ?? "Company" })}
        >
          {SCOPES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      {type !== "Company" && !isOwner && (
        <label>
          called <input required maxLength={400} value={id} onChange={({ target }) => onChange({ id: target.value })} />
        </label>
      )}
      {!isOwner && (
        <>
          <label>
            until{" "}
            <input type="datetime-local" value={until} onChange={({ target }) => onChange({ until: target.value })} />
          </label>
          <label>
            only runs with labels{" "}
            <input
              placeholder="team=payments"
              value={labels}
              onChange={({ target }) => onChange({ labels: target.value })}
            />
          </label>
          <label>
            only questions of class{" "}
            <input placeholder="push" value={classes} onChange={({ target }) => onChange({ classes: target.value })} />
          </label>
          <label>
            and risk up to{" "}
            <select value={risk} onChange={({ target }) => onChange({ risk: target.value })}>
              <option value="">any</option>
              <option>low</option>
              <option>medium</option>
            </select>
          </label>
          <RoleHours hours={hours} onChange={(changed) => onChange({ hours: changed })} />
        </>
      )}
    </div>
  );
}
