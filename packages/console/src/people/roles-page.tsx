import { useState, type ReactNode } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { useAsked } from "../use-asked.ts";
import type { Role } from "./use-people.ts";

type Action = AnswerOf<"listActions">["items"][number];

/** Rights that a role of one's own can't have: by them its holder would have all others. */
const NEVER = new Set(["grantRole", "grantOwner", "defineRole", "provisionPeople", "breakGlass"]);

/** What each role permits, in words. */
export default function RolesPage({ session }: { readonly session: Session }): ReactNode {
  const { value, error, again } = useAsked("roles", async (signal) => {
    const [roles, actions] = await Promise.all([
      server.call("listRoles", {}, { signal }),
      server.call("listActions", {}, { signal }),
    ]);
    return { roles: roles.items, actions: new Map(actions.items.map((action) => [action.name, action])) };
  });
  return (
    <div className="page">
      <header className="run-head">
        <p className="crumbs">
          <Link href="/people">People</Link>
        </p>
        <h1>Roles</h1>
      </header>
      {isForbidden(error) && <p className="empty">You may not see roles. That needs the right viewPeople.</p>}
      {error !== undefined && !isForbidden(error) && <Problem error={error} />}
      {value !== undefined && (
        <>
          <Define session={session} actions={[...value.actions.values()]} onDone={again} />
          {value.roles.map((role) => (
            <RoleText key={role.name} role={role} actions={value.actions} />
          ))}
        </>
      )}
    </div>
  );
}

interface RoleTextProps {
  readonly role: Role;
  readonly actions: ReadonlyMap<string, Action>;
}

function RoleText({ role: { name, builtIn, any, own }, actions }: RoleTextProps): ReactNode {
  return (
    <section id={name} aria-label={name}>
      <h2>
        {name} {!builtIn && <span className="quiet">of one’s own</span>}
      </h2>
      {any.length > 0 && <Rights title="For all that lies in its scope" of={any} actions={actions} />}
      {own.length > 0 && <Rights title="With what is its holder’s own" of={own} actions={actions} />}
    </section>
  );
}

interface RightsProps {
  readonly title: string;
  readonly of: readonly string[];
  readonly actions: ReadonlyMap<string, Action>;
}

function Rights({ title, of, actions }: RightsProps): ReactNode {
  return (
    <details>
      <summary>
        {title}: {of.length} rights
      </summary>
      <ul>
        {of.map((name) => (
          <li key={name}>
            {actions.get(name)?.what ?? name} <code className="quiet">{name}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface DefineProps {
  readonly session: Session;
  readonly actions: readonly Action[];
  readonly onDone: () => void;
}

function Define({ session, actions, onDone }: DefineProps): ReactNode {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  return (
    <section className="acts">
      <Act
        label="Define a role"
        what={
          <p>Who has it, or is given it, may this in its scope from then on. One that is there already becomes this.</p>
        }
        hindrance={hindranceOf(session.actions, "defineRole")}
        act={async () => {
          if (chosen.length === 0) throw new Error("it permits nothing yet: choose at least one right");
          await server.call("defineRole", { params: { role: name }, body: { actions: [...chosen] } });
          return `${name} is there.`;
        }}
        onDone={onDone}
      >
        <div className="in-line">
          <label>
            Name{" "}
            <input
              autoFocus
              required
              pattern="[a-z0-9][a-z0-9\-]{0,62}"
              value={name}
              onChange={({ target }) => setName(target.value)}
            />
          </label>
          <label>
            Rights{" "}
            <select
              multiple
              size={10}
              value={chosen}
              onChange={({ target }) => setChosen([...target.selectedOptions].map(({ value }) => value))}
            >
              {actions
                .filter((action) => !NEVER.has(action.name))
                .map((action) => (
                  <option key={action.name} value={action.name}>
                    {action.name}: {action.what}
                  </option>
                ))}
            </select>
          </label>
        </div>
      </Act>
    </section>
  );
}
