/** Where a credential may go, and in which form it is sent. */
export interface BrokeredCredential {
  /** The profile's name for it. */
  readonly name: string;
  /** Host names, or `*.` and a domain. */
  readonly hosts: readonly string[];
  /** Upper case; undefined: every method. */
  readonly methods: readonly string[] | undefined;
  /** Patterns of paths; undefined: every path. `*` is one segment, `**` at the end any number. */
  readonly paths: readonly string[] | undefined;
  readonly form: CredentialForm;
  /** Never leaves this process but to those hosts; a secret that signs does not even go there. */
  readonly value: string;
  /** What the run has instead. */
  readonly placeholder: string;
  /** Added where a request carries no credential at all. */
  readonly always: boolean;
  /** Headers that say whose account it is: set on every request that carries it; another value is refused. Names in lower case. */
  readonly account: ReadonlyMap<string, string>;
}

export type CredentialForm =
  /** The whole value of the header named. */
  | { readonly kind: "header"; readonly header: string }
  /** `Authorization: Bearer` (or `token`), and as a name or password of `Basic`. */
  | { readonly kind: "bearer" }
  /** `Authorization: Basic`; `username` is what is sent when it is added. */
  | { readonly kind: "basic"; readonly username: string }
  | { readonly kind: "query"; readonly parameter: string }
  /** AWS Signature Version 4: the run signs with placeholders, the gateway anew; the credential's own value is the secret access key. */
  | { readonly kind: "sigv4"; readonly keyId: Replaced; readonly token: Replaced | undefined };

/** What belongs to a credential, and what the run has instead. */
export interface Replaced {
  readonly value: string;
  readonly placeholder: string;
}

/** Everything of a credential that the run has something else for. */
export function partsOf({
  value,
  placeholder,
  form,
}: Pick<BrokeredCredential, "value" | "placeholder" | "form">): readonly Replaced[] {
  return [...secretsOf({ value, placeholder, form }), ...(form.kind === "sigv4" ? [form.keyId] : [])];
}

/** Those that are secret: the id of a key is not. */
export function secretsOf({
  value,
  placeholder,
  form,
}: Pick<BrokeredCredential, "value" | "placeholder" | "form">): readonly Replaced[] {
  return [{ value, placeholder }, ...(form.kind === "sigv4" && form.token !== undefined ? [form.token] : [])];
}

/** Whether a host name is one of these names, or below one of these `*.` domains. */
export function matchesHost(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern,
  );
}

/** @param path the decoded segments of one reading */
export function matchesPath(pattern: string, path: readonly string[]): boolean {
  const wanted = pattern.split("/").filter((part) => part !== "");
  const open = wanted.at(-1) === "**";
  const fixed = open ? wanted.slice(0, -1) : wanted;
  if (open ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((part, index) => part === "*" || part === path[index]);
}

/** Whether a request is one that the credential is for. @param paths in every reading: all must be within its limits */
export function isFor(
  credential: Pick<BrokeredCredential, "hosts" | "methods" | "paths">,
  request: { readonly host: string; readonly method: string },
  paths: readonly (readonly string[])[],
): boolean {
  const { hosts, methods, paths: patterns } = credential;
  if (!matchesHost(hosts, request.host)) return false;
  if (methods !== undefined && !methods.includes(request.method)) return false;
  return patterns === undefined || paths.every((path) => patterns.some((pattern) => matchesPath(pattern, path)));
}
