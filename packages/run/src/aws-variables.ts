/** The three variables that go by one name. @param secret ends with `_SECRET_ACCESS_KEY` */
export function awsVariables(secret: string): {
  readonly keyId: string;
  readonly secret: string;
  readonly token: string;
} {
  const prefix = secret.slice(0, -"_SECRET_ACCESS_KEY".length);
  return { keyId: `${prefix}_ACCESS_KEY_ID`, secret, token: `${prefix}_SESSION_TOKEN` };
}
