import { useState, type FormEvent, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { FilterField, useFilter } from "../rows/filter-field.tsx";
import { hasWords } from "../rows/has-words.ts";
import { RowsTable } from "../rows/rows-table.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { grantsOfPerson, grantText } from "./grant-text.ts";
import { Requests } from "./requests.tsx";
import { useKnownPeople, type Known, type Person } from "./use-people.ts";

/** The people of the company, their teams, and what waits for more than one of them to want it. */
export default function PeoplePage({ session }: { readonly session: Session }): ReactNode {
  const { value, error, again } = useKnownPeople();
  const filter = useFilter();
  const shown = value?.people.filter((person) => matches(person, filter, value)) ?? [];
  return (
    <div className="page">
      <header className="page-head">
        <h1>People</h1>
        <FilterField label="Filter people" placeholder="A name, a team, a role" />
        <Link href="/roles">Roles</Link>
        <Link href="/access">Who may do what</Link>
        <p role="status">{value !== undefined && `${String(shown.length)} of ${String(value.people.length)}`}</p>
      </header>
      <Requests session={session} />
      {isForbidden(error) && (
        <p className="empty">
          You may not see people. That needs the right viewPeople, which owners, security-admin and auditor have.
        </p>
      )}
      {error !== undefined && !isForbidden(error) && <Problem error={error} />}
      {value !== undefined && (
        <>
          <List people={shown} known={value} />
          <Adding session={session} onDone={again} />
          <Teams known={value} session={session} onDone={again} />
        </>
      )}
    </div>
  );
}

function matches(person: Person, filter: string, { grants }: Known): boolean {
  const { id, name, email = "", teams } = person;
  const roles = grantsOfPerson(person, grants).map(({ role }) => role);
  return hasWords([id, name, email, ...teams, ...roles].join(" "), filter);
}

function List({ people, known }: { readonly people: readonly Person[]; readonly known: Known }): ReactNode {
  const [, navigate] = useLocation();
  if (people.length === 0) return <p className="empty">Nobody matches. Take a word out of the filter.</p>;
  return (
    <section>
      <RowsTable
        label="People"
        className="people"
        columns={["Person", "Name", "Teams", "Roles", "Access"]}
        items={people}
        keyOf={({ id }) => id}
        onOpen={({ id }) => navigate(`/people/${id}`)}
        cells={(person) => {
          const roles = grantsOfPerson(person, known.grants).map(grantText).join("; ");
          return [
            <Link href={`/people/${person.id}`}>{person.id}</Link>,
            person.name,
            person.teams.join(", ") || "–",
            <span title={roles}>{roles || "none"}</span>,
            person.active ? "✓ has access" : "✕ ended",
          ];
        }}
      />
    </section>
  );
}

interface ChangingProps {
  readonly session: Session;
  readonly onDone: () => void;
}

function Adding({ session: { actions }, onDone }: ChangingProps): ReactNode {
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  return (
    <section className="acts">
      <Act
        label="Add a person"
        what={
          <p>
            They may do nothing until somebody gives them a role. With an identity provider people are added when they
            sign in.
          </p>
        }
        hindrance={hindranceOf(actions, "managePeople")}
        act={async () => {
          const address = email.trim() !== "" && { email: email.trim() };
          await server.call("addPerson", { body: { id, name: name.trim() || id, ...address } });
          return `${id} is there.`;
        }}
        onDone={onDone}
      >
        <div className="in-line">
          <label>
            Id{" "}
            <input
              autoFocus
              required
              pattern="[a-z0-9][a-z0-9\-]{0,62}"
              title="lower-case letters, digits and -"
              value={id}
              onChange={({ target }) => setId(target.value)}
            />
          </label>
          <label>
            Name <input maxLength={200} value={name} onChange={({ target }) => setName(target.value)} />
          </label>
          <label>
            Address <input type="email" value={email} onChange={({ target }) => setEmail(target.value)} />
          </label>
        </div>
      </Act>
    </section>
  );
}

function Teams({
  known: { teams, grants },
  session: { actions },
  onDone,
}: ChangingProps & { readonly known: Known }): ReactNode {
  const [id, setId] = useState("");
  const [error, setError] = useState<unknown>();
  const hindrance = hindranceOf(actions, "managePeople");
  const add = (event: FormEvent): void => {
    event.preventDefault();
    server.call("addTeam", { body: { id, name: id } }).then(() => {
      setId("");
      onDone();
    }, setError);
  };
  return (
    <section>
      <h2>Teams</h2>
      {teams.length === 0 && <p className="empty">No teams. A role can be given to a team, or for one.</p>}
      {teams.length > 0 && (
        <RowsTable
          label="Teams"
          className="teams"
          columns={["Team", "Name", "Who is in it", "Its roles"]}
          items={teams}
          keyOf={(team) => team.id}
          cells={(team) => [
            team.id,
            team.name,
            <span title={team.members.join(", ")}>
              {team.members.map((member) => (
                <Link key={member} href={`/people/${member}`}>{`${member} `}</Link>
              ))}
            </span>,
            grants
              .filter(({ to }) => to.type === "Team" && to.id === team.id)
              .map(grantText)
              .join("; ") || "none",
          ]}
        />
      )}
      <form className="in-line" aria-label="Add a team" onSubmit={add}>
        <label>
          Another team{" "}
          <input
            required
            pattern="[a-z0-9][a-z0-9\-]{0,62}"
            value={id}
            onChange={({ target }) => setId(target.value)}
          />
        </label>
        <button type="submit" disabled={hindrance !== undefined}>
          Add
        </button>
        {hindrance !== undefined && <span className="quiet">{hindrance}</span>}
      </form>
      {error !== undefined && <Problem error={error} />}
    </section>
  );
}
