/** Who looks at these pages. */
import { isSignedOut, signInPath as pathFrom, type Session } from "@bailiwick/control-plane/contract/browser-session";
import { browser, onRefused, server } from "./server.ts";

export { isSignedOut, type Session };

/** So soon a page notices that its session has ended elsewhere, without asking for anything. */
const LOOK_MS = 30_000;

/** @throws ServerError SERVER_UNKNOWN_CALLER when nobody is signed in */
export async function readSession(): Promise<Session> {
  return await browser.read();
}

export async function signOut(): Promise<void> {
  await server.call("signOut", {});
  location.reload();
}

/**
 * Leaves these pages when the session has ended, by whatever ended it. What they show was for who was signed in: a page that is loaded anew has nothing
 * of it, in its document or in memory.
 * @param lost the time of the session is over, and the server can't be asked: there is nothing to load, so nothing may be shown
 * @returns how to stop that
 */
export function leaveWithSession(session: Session, lost: (error: unknown) => void): () => void {
  let endsAt = session.session?.endsAt ?? Infinity;
  const look = async (): Promise<void> => {
    try {
      endsAt = (await browser.look()).session?.endsAt ?? Infinity;
    } catch (error) {
      if (!isSignedOut(error) && Date.now() >= endsAt) lost(error);
    }
  };
  const lookWhenSeen = (): void => {
    if (document.visibilityState === "visible") void look();
  };
  const timer = window.setInterval(() => void look(), LOOK_MS);
  document.addEventListener("visibilitychange", lookWhenSeen);
  const stop = onRefused((error) => {
    if (isSignedOut(error)) location.reload();
  });
  return () => {
    window.clearInterval(timer);
    document.removeEventListener("visibilitychange", lookWhenSeen);
    stop();
  };
}

/** Where a browser is signed in, and comes back here from. */
export function signInPath(): string {
  return pathFrom(location);
}
