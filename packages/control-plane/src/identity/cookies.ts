import { parse, serialize } from "hono/utils/cookie";

/**
 * `__Host-`: browsers keep it only when it is Secure, of no domain and for `/`, so that no other host of the company's domain, nor anybody
 * on the way, can put one of their own in its place (RFC 6265bis, 4.1.3).
 */
const NAMES = { session: "__Host-bailiwick", signIn: "__Host-bailiwick-sign-in" } as const;
type CookieName = keyof typeof NAMES;

export function readCookie(headers: Readonly<Record<string, string>>, name: CookieName): string | undefined {
  return parse(headers["cookie"] ?? "", NAMES[name])[NAMES[name]];
}

/** Lax, not Strict: the way back from the provider comes from another site. All that changes something is defended by itself. */
export function setCookie(name: CookieName, value: string, maxAgeS: number): string {
  const maxAge = Math.max(0, Math.floor(maxAgeS));
  return serialize(NAMES[name], value, { path: "/", secure: true, httpOnly: true, sameSite: "Lax", maxAge });
}

export function clearCookie(name: CookieName): string {
  return setCookie(name, "", 0);
}
