import { html } from "hono/html";
import { page } from "./page.ts";

interface SignInPage {
  /** Who is signed in already. */
  readonly person: string | undefined;
  /** By what browsers are signed in here; undefined: they are not. */
  readonly by: "provider" | "passkey" | undefined;
  /** Where the browser goes afterwards. */
  readonly to: string;
}

export async function signInPage({ person, by, to }: SignInPage): Promise<string> {
  const title = person === undefined ? "Sign in to Bailiwick" : "Signed in to Bailiwick";
  const start = to === "/auth" ? "/auth/start" : `/auth/start?${new URLSearchParams({ to }).toString()}`;
  const way =
    by === undefined
      ? html`<p>Browsers can't sign in here: the server has no address of its own.</p>`
      : html`<p>
          <a href="${start}">${person === undefined ? "Sign in" : "Sign in as somebody else"}</a> ${
            by === "provider" ? "at the identity provider of your company." : "by a passkey of yours."
          }
        </p>`;
  const own = html`<p>You are ${person ?? ""}. <a href="/passkeys">Your passkeys</a></p>`;
  return await page(title, html`${person === undefined ? "" : own}${way}`);
}
