import type { ReactNode } from "react";
import { Link } from "wouter";
import { Facts } from "../facts.tsx";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { GiveRole } from "./give-role.tsx";
import { grantsOfPerson, grantText, type HeldGrant } from "./grant-text.ts";
import { PersonActs } from "./person-acts.tsx";
import { PersonTeams } from "./person-teams.tsx";
import { Tokens } from "./tokens.tsx";
import { useKnownPeople, type OfPersonProps, type Person } from "./use-people.ts";

interface PersonPageProps {
  readonly session: Session;
  readonly id: string;
}

/** Somebody: what they may do by which role, by whom they can be acted for, and how all that ends. */
export default function PersonPage({ session, id }: PersonPageProps): ReactNode {
  const { value, error, again } = useKnownPeople();
  const person = value?.people.find((each) => each.id === id);
  return (
    <div className="page">
      <header className="run-head">
        <p className="crumbs">
          <Link href="/people">People</Link>
        </p>
        <h1>{person?.name ?? id}</h1>
        {person !== undefined && <PersonFacts person={person} />}
      </header>
      {error !== undefined && <Problem error={error} />}
      {value !== undefined && person === undefined && <p className="empty">There is nobody called {id}.</p>}
      {value !== undefined && person !== undefined && <Whole {...{ session, person }} known={value} onDone={again} />}
    </div>
  );
}

function PersonFacts({ person: { id, email, active, teams } }: { readonly person: Person }): ReactNode {
  const rows = [
    ["Id", id],
    ["Address", email ?? "–"],
    ["Access", active ? "✓ has access" : "✕ ended"],
    ["Teams", teams.join(", ") || "none"],
  ] as const;
  return <Facts rows={rows} />;
}

function Whole(props: OfPersonProps): ReactNode {
  const { person, known } = props;
  return (
    <>
      <p className="page-links">
        <Link href={`/access?who=${person.id}`}>Ask what {person.id} may do</Link> ·{" "}
        <Link href={`/runs?q=${encodeURIComponent(`person:${person.id}`)}`}>their runs</Link>
      </p>
      {person.active && <PersonActs {...props} />}
      <Roles {...props} />
      <PersonTeams {...props} />
      <Tokens {...props} tokens={known.tokens.filter((token) => token.person === person.id)} />
      <HandedOn {...props} />
      <Hosts {...props} />
    </>
  );
}

function Roles({ session, person, known, onDone }: OfPersonProps): ReactNode {
  const held = grantsOfPerson(person, known.grants);
  return (
    <section>
      <h2>Roles</h2>
      {held.length === 0 && <p className="empty">None: {person.id} may do nothing but see themselves.</p>}
      <ul className="cards" aria-label="Roles">
        {held.map((grant) => (
          <li key={grant.id}>
            <HeldRole grant={grant} />
            <TakeAway {...{ session, person, grant, onDone }} />
          </li>
        ))}
      </ul>
      {person.active && <GiveRole {...{ session, person, known, onDone }} />}
    </section>
  );
}

function HeldRole({ grant }: { readonly grant: HeldGrant }): ReactNode {
  const { team, grantedBy, at, expiresAt } = grant;
  return (
    <p>
      <strong>{grantText(grant)}</strong>{" "}
      <span className="quiet">
        {team !== undefined && `by team ${team}, `}given by {grantedBy}, <Time at={at} />
        {expiresAt !== undefined && (
          <>
            , until <Time at={expiresAt} />
          </>
        )}
      </span>
    </p>
  );
}

interface TakeAwayProps {
  readonly session: Session;
  readonly person: Person;
  readonly grant: HeldGrant;
  readonly onDone: () => void;
}

function TakeAway({ session: { actions }, person, grant, onDone }: TakeAwayProps): ReactNode {
  const isOwner = grant.role === "owner";
  const whose = grant.team === undefined ? person.id : `everybody in team ${grant.team}`;
  return (
    <Act
      label="Take away"
      what={
        <p>
          {whose} is no longer {grantText(grant)}. Streams that they watch by it end within five seconds.
        </p>
      }
      hindrance={hindranceOf(actions, isOwner ? "grantOwner" : "grantRole")}
      act={async () => {
        if (isOwner) await server.call("endOwner", { params: { person: person.id } });
        else await server.call("endGrant", { params: { grant: grant.id } });
        return "Taken away.";
      }}
      onDone={onDone}
    />
  );
}

/** Rights to answer questions that they handed on, or that were handed on to them. */
function HandedOn({ session: { id: who, actions }, person }: OfPersonProps): ReactNode {
  const { value, again } = useAsked("delegations", (signal) => server.call("listDelegations", {}, { signal }));
  const own = value?.items.filter(({ from, to }) => from === person.id || to === person.id) ?? [];
  if (own.length === 0) return undefined;
  return (
    <section>
      <h2>Handed on</h2>
      <ul className="cards" aria-label="Handed on">
        {own.map(({ id, from, to, scope, class: about, reason, expiresAt }) => (
          <li key={id}>
            <p>
              {from} has {to} answer questions{about !== undefined && ` about ${about}`} of {scope.type} {scope.id},
              until <Time at={expiresAt} />: {reason}
            </p>
            <Act
              label="End"
              what={
                <p>
                  {to} no longer answers for {from}.
                </p>
              }
              hindrance={[from, to].includes(who) ? undefined : hindranceOf(actions, "grantRole")}
              act={async () => {
                await server.call("endDelegation", { params: { delegation: id } });
                return "Ended.";
              }}
              onDone={again}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Hosts({ person }: OfPersonProps): ReactNode {
  const { value } = useAsked("hosts", (signal) => server.call("listHosts", { query: { limit: 1_000 } }, { signal }));
  const own = value?.items.filter((host) => host.person === person.id && host.revokedAt === undefined) ?? [];
  if (own.length === 0) return undefined;
  return (
    <section>
      <h2>Hosts</h2>
      <ul aria-label="Hosts">
        {own.map(({ id, name, lastSeenAt, alarm }) => (
          <li key={id}>
            <Link href={`/hosts/${id}`}>{id}</Link> ({name})
            {lastSeenAt !== undefined && (
              <>
                , seen <Time at={lastSeenAt} />
              </>
            )}{" "}
            {alarm !== undefined && <strong className="bad">{alarm}</strong>}
          </li>
        ))}
      </ul>
    </section>
  );
}
