/** The file of a server whose people sign in at the tests' identity provider. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./governed.ts";
import type { IdentityProvider } from "./identity-provider.ts";

/**
 * @param groups TOML, the entries of `[[oidc.groups]]`
 * @param before TOML of what is no table: `public-url`
 * @returns its path
 */
export function writeServerFile(place: Place, provider: IdentityProvider, groups: string, before = ""): string {
  const secret = join(place.root, "client-secret");
  writeFileSync(secret, `${provider.clientSecret}\n`, { mode: 0o600 });
  const path = join(place.root, "server.toml");
  const text = `${before}
[oidc]
issuer = "${provider.issuer}"
client-id = "${provider.clientId}"
client-secret = { file = "${secret}" }

${groups}`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
