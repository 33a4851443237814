/** The server that these pages are from, by the API that everybody uses: the console has no other. */
import { BrowserSession } from "@bailiwick/control-plane/contract/browser-session";

const listeners = new Set<(error: unknown) => void>();

/** Is told whatever the server refuses to any of these pages. @returns how to stop that */
export function onRefused(listener: (error: unknown) => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export const browser = new BrowserSession(location.origin, (error) => {
  for (const tell of listeners) tell(error);
});
export const { server } = browser;
