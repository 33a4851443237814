/** A real OpenID Connect provider on loopback (oidc-provider), and a person at a browser who signs in there. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import type { Page } from "playwright-core";

export interface IdentityProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Groups of each account; whoever signs in by a name is that account. */
  readonly groups: Map<string, readonly string[]>;
  /** Goes away; comes back at the same address by {@link start}. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @param redirectUris where it sends browsers back to */
export async function startIdentityProvider(redirectUris: readonly string[] = []): Promise<IdentityProvider> {
  const groups = new Map<string, readonly string[]>();
  let handle: ((...args: Parameters<ReturnType<Provider["callback"]>>) => unknown) | undefined;
  let server: Server;
  let port = 0;
  const start = async (): Promise<void> => {
    server = createServer((request, response) => void handle?.(request, response));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  };
  await start();
  const issuer = `http://127.0.0.1:${String(port)}`;
  const [clientId, clientSecret] = ["bailiwick", "the-secret-of-the-client-in-tests"];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: [
          "urn:ietf:params:oauth:grant-type:device_code",
          ...(redirectUris.length > 0 ? (["authorization_code"] as const) : []),
        ],
        response_types: redirectUris.length > 0 ? ["code"] : [],
        redirect_uris: [...redirectUris],
      },
    ],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"], groups: ["groups"] },
    scopes: ["openid", "profile", "email", "groups"],
    features: { deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: sub, email: `${sub}@company.example`, groups: [...(groups.get(sub) ?? [])] }),
    }),
  });
  provider.use(async (context, next) => {
    await next();
    // It says nothing of how often to ask, which then is every five seconds (RFC 8628, 3.2).
    const body: unknown = context.body;
    if (typeof body === "object" && body !== null && "device_code" in body) context.body = { ...body, interval: 1 };
  });
  handle = provider.callback();
  return {
    issuer,
    clientId,
    clientSecret,
    groups,
    start,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Fills in what the provider's pages ask for, as somebody who signs in as `login`. @returns the text of the last page */
export async function confirmAs(login: string, url: string, { deny = false } = {}): Promise<string> {
  let denied = false;
  const jar = new Map<string, string>();
  let next: { readonly url: string; readonly body?: URLSearchParams } = { url };
  for (let page = 0; page < 30; page++) {
    const response = await fetch(next.url, {
      redirect: "manual",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
      ...(next.body && { method: "POST", body: next.body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const location = response.headers.get("location");
    const text = await response.text();
    if (location !== null) {
      next = { url: new URL(location, next.url).href };
      continue;
    }
    if (denied) return text;
    const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(text);
    if (form === null) return text;
    const fields = new URLSearchParams();
    for (const [input] of (form[2] ?? "").matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]+)"/.exec(input)?.[1];
      if (name !== undefined) fields.set(name, /value="([^"]*)"/.exec(input)?.[1] ?? login);
    }
    if (fields.has("login")) fields.set("login", login);
    if (deny && fields.has("user_code") && fields.has("confirm")) {
      fields.delete("confirm");
      fields.set("abort", "yes");
      denied = true;
    }
    next = { url: new URL((form[1] ?? "").replaceAll("&amp;", "&"), next.url).href, body: fields };
  }
  throw new Error("the provider's pages do not end");
}

/** As {@link confirmAs}, in a browser that was sent to the provider: when this resolves, it is on its way back. */
export async function confirmIn(page: Page, login: string): Promise<void> {
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "anything");
  await page.click("button[type=submit]");
  // The provider asks once whether the server may know who it is.
  const consent = page.locator("text=Continue");
  await consent.or(page.locator("text=You are")).first().waitFor();
  if (await consent.isVisible()) await consent.click();
}
