import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { areKeysOn, setKeysOn } from "../keys.ts";
import { codeOf, isForbidden, Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { ThemeChoice } from "../theme.tsx";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { Act } from "../acts/act.tsx";
import { BreakGlass } from "./break-glass.tsx";
import { ServerFacts } from "./server-facts.tsx";

/** Oneself, this browser, the role break-glass, and what the server is. */
export default function SettingsPage({ session }: { readonly session: Session }): ReactNode {
  return (
    <div className="page">
      <header className="page-head">
        <h1>Settings</h1>
      </header>
      <You session={session} />
      <Sessions />
      <Passkeys />
      <ThisBrowser />
      <BreakGlass session={session} />
      <ServerFacts session={session} />
    </div>
  );
}

function You({ session: { id, name, type, session } }: { readonly session: Session }): ReactNode {
  const { value, error } = useAsked("me", (signal) => server.call("whoAmI", {}, { signal }));
  return (
    <section aria-label="You">
      <h2>You</h2>
      <p>
        {name ?? id} ({type.toLowerCase()} <code>{id}</code>)
        {session !== undefined && (
          <>
            , signed in until <Time at={session.expiresAt} />
          </>
        )}
        {type === "Person" && (
          <>
            {" "}
            · <Link href={`/people/${id}`}>your page, with your tokens</Link>
          </>
        )}
      </p>
      {error !== undefined && <Problem error={error} />}
      {value?.grants.length === 0 && <p>You have no role. Who gives roles can give you one.</p>}
      <ul aria-label="Your roles">
        {value?.grants.map(({ id: grant, role, scope, when = [], handedOnBy }) => (
          <li key={grant}>
            {[`${role} for ${scope.type === "Company" ? "the company" : `${scope.type} ${scope.id}`}`, ...when].join(
              ", ",
            )}
            {handedOnBy !== undefined && `, handed on by ${handedOnBy}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Sessions(): ReactNode {
  const { value, error, again } = useAsked("sessions", (signal) =>
    server.call("listSessions", { query: {} }, { signal }),
  );
  return (
    <section aria-label="Your browsers">
      <h2>Your browsers</h2>
      {isForbidden(error) ? (
        <p>Who came by a token has no session of a browser here.</p>
      ) : (
        error !== undefined && <Problem error={error} />
      )}
      {value?.items.length === 0 && <p>None is signed in.</p>}
      <ul className="cards" aria-label="Sessions">
        {value?.items.map(({ id, agent, createdAt, lastUsedAt, expiresAt, verifiedAt, current }) => (
          <li key={id}>
            <p>
              {current && <strong>this one: </strong>}
              {agent}{" "}
              <span className="quiet">
                since <Time at={createdAt} />, used <Time at={lastUsedAt} />, until <Time at={expiresAt} />
                {verifiedAt !== undefined && (
                  <>
                    , proven <Time at={verifiedAt} />
                  </>
                )}
              </span>
            </p>
            {!current && (
              <Act
                label="End"
                what={<p>That browser is signed out.</p>}
                act={async () => {
                  await server.call("endSession", { params: { session: id } });
                  return "Ended.";
                }}
                onDone={again}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Passkeys(): ReactNode {
  const { value, error } = useAsked("passkeys", (signal) => server.call("listPasskeys", {}, { signal }));
  // A server that does not know its own address has none.
  const hasNone = isForbidden(error) || codeOf(error) === "SERVER_NOT_FOUND";
  return (
    <section aria-label="Your passkeys">
      <h2>Your passkeys</h2>
      {error !== undefined && !hasNone && <Problem error={error} />}
      {value?.items.length === 0 && <p>None. Some answers have to be proven by one.</p>}
      <ul aria-label="Passkeys">
        {value?.items.map(({ id, name, createdAt, lastUsedAt, backedUp }) => (
          <li key={id}>
            {name}
            {backedUp && " (synced)"}{" "}
            <span className="quiet">
              made <Time at={createdAt} />
              {lastUsedAt !== undefined && (
                <>
                  , used <Time at={lastUsedAt} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
      <p>
        {hasNone ? (
          "Passkeys are for people who are signed in by a browser."
        ) : (
          <a href="/passkeys">Add, rename or remove them</a>
        )}
      </p>
    </section>
  );
}

function ThisBrowser(): ReactNode {
  const [keys, setKeys] = useState(areKeysOn);
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return (
    <section aria-label="This browser">
      <h2>This browser</h2>
      <p>
        <ThemeChoice />
      </p>
      <p>
        <label>
          <input
            type="checkbox"
            checked={keys}
            onChange={({ target }) => {
              setKeysOn(target.checked);
              setKeys(target.checked);
            }}
          />{" "}
          Keys that act alone (<kbd>j</kbd> <kbd>k</kbd> <kbd>r</kbd> <kbd>y</kbd> <kbd>n</kbd> …). Off, for who speaks
          to their computer.
        </label>
      </p>
      <p>
        Times are shown in {timeZone}, as this browser says, and in UTC while they are pointed at:{" "}
        <Time at={Date.now()} />
      </p>
    </section>
  );
}
