import { Suspense, useEffect, useState, type ReactNode } from "react";
import { Link, Redirect, Route, Switch } from "wouter";
import { Notices } from "./notices.tsx";
import { PAGES, SECTIONS } from "./pages.tsx";
import { Palette } from "./palette/palette.tsx";
import { Problem } from "./problem.tsx";
import { isSignedOut, leaveWithSession, readSession, signInPath, signOut, type Session } from "./session.ts";
import { ThemeChoice } from "./theme.tsx";

export function App(): ReactNode {
  const [session, setSession] = useState<Session>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    readSession().then(setSession, setError);
  }, []);
  useEffect(() => {
    if (session === undefined) return;
    return leaveWithSession(session, (lost) => {
      setSession(undefined);
      setError(lost);
    });
  }, [session]);
  return (
    <>
      <nav aria-label="Console">
        <Link href="/runs" className="brand">
          Bailiwick
        </Link>
        {SECTIONS.map(([path, name]) => (
          <Link
            key={path}
            href={path}
            className={(active) => (active || location.pathname.startsWith(`${path}/`) ? "active" : "")}
          >
            {name}
          </Link>
        ))}
        {session !== undefined && <Palette session={session} />}
        <ThemeChoice />
        <Link href="/settings" className="who">
          {session?.id}
        </Link>
        {session?.session !== undefined && (
          <button
            type="button"
            onClick={() => {
              signOut().catch(setError);
            }}
          >
            Sign out
          </button>
        )}
      </nav>
      <main>
        <Notices />
        {session?.readOnly && (
          <p role="status" className="notice">
            The server’s database can only be read now: what is there is shown, and nothing can be changed, not even who
            is signed in.
          </p>
        )}
        {error !== undefined && <NotIn error={error} />}
        {session !== undefined && (
          <Suspense fallback={<p className="empty">Loading</p>}>
            <Switch>
              {PAGES.map(([path, show]) => (
                <Route key={String(path)} path={path}>
                  {(params) => show(session, params)}
                </Route>
              ))}
              <Route>
                <Redirect to="/runs" replace />
              </Route>
            </Switch>
          </Suspense>
        )}
      </main>
    </>
  );
}

function NotIn({ error }: { readonly error: unknown }): ReactNode {
  const unknown = isSignedOut(error);
  return (
    <>
      <h1>{unknown ? "You are not signed in" : "The server can’t be asked"}</h1>
      {unknown ? (
        <p className="empty">
          There is no session in this browser, or it is over. <a href={signInPath()}>Sign in</a>
        </p>
      ) : (
        <Problem error={error} />
      )}
    </>
  );
}
