import type { RequestTarget } from "@bailiwick/policy";
import type { Fields } from "../http/headers.ts";
import type { SentRequest } from "../http/screen.ts";
import type { Refusal } from "../refusals.ts";
import { type BrokeredCredential, type CredentialForm, isFor, matchesHost, partsOf, secretsOf } from "./credential.ts";
import { type Needle, NeedleScan } from "./needles.ts";
import { findOtherCredential } from "./other-credentials.ts";
import { credentialPolicy, misusedPlaceholder, otherAccount, otherCredential, signedPieces } from "./refusals.ts";
import { type Query, readQuery, writeQuery } from "./query.ts";
import { readScope, type SigV4Scope, signRequest, statedDigest } from "./sigv4.ts";

/** A request with its credentials in place, or why it must not go. */
export type Swapped = {
  /** A placeholder where it does not belong. */
  readonly misused: { readonly credential: string; readonly where: string } | undefined;
} & (
  | {
      readonly target: string;
      readonly fields: Fields;
      readonly credential: string | undefined;
      /** Where a signature covers the body and the request does not say its digest: the fields, by the SHA-256 of the body in hexadecimal. */
      readonly sign?: (bodySha256: string) => Fields;
    }
  | { readonly refusal: Refusal; readonly policy: string }
);

type Sent = SentRequest & { readonly host: string; readonly secure: boolean };

/** A request while credentials are put into it. */
interface Draft {
  fields: (readonly [string, string])[];
  query: Query;
  /** The headers and the parameter that now hold the credential. */
  own: { headers: readonly string[]; parameter: string | undefined };
  /** Of the client's signature, which is made anew when all else is in place. */
  scope: SigV4Scope | undefined;
}

/**
 * Puts credentials in the place of their placeholders, on the way out and only where the profile says. On a host that has a credential nobody
 * uses another: the account is pinned. A placeholder is worth nothing by itself, so one that turns up elsewhere is a sign, not a loss.
 */
export class CredentialSwap {
  readonly #credentials: readonly BrokeredCredential[];
  /** All that stands for something in a request, with the name of its credential. */
  readonly #placeholders: readonly { readonly credential: string; readonly placeholder: string }[];

  constructor(credentials: readonly BrokeredCredential[]) {
    this.#credentials = credentials;
    this.#placeholders = credentials.flatMap((each) =>
      partsOf(each).map(({ placeholder }) => ({ credential: each.name, placeholder })),
    );
  }

  /** True where the account is pinned. */
  isPinned(host: string): boolean {
    return this.#credentials.some(({ hosts }) => matchesHost(hosts, host));
  }

  /** Looks for placeholders in a body; undefined when there are none to look for. */
  scanBody(): NeedleScan | undefined {
    return scanFor(this.#credentials, ({ placeholder }) => placeholder);
  }

  /** Looks for the credentials themselves in what a host that has one answers. */
  scanAnswer(host: string): NeedleScan | undefined {
    const here = this.#credentials.filter(({ hosts }) => matchesHost(hosts, host));
    return scanFor(here, ({ value }) => value);
  }

  apply(request: Sent, { paths }: RequestTarget): Swapped {
    const plain = { target: request.target, fields: request.fields, credential: undefined, misused: undefined };
    if (this.#credentials.length === 0) return plain;
    const mark = request.target.indexOf("?");
    const draft: Draft = {
      fields: [...request.fields],
      query: readQuery(mark < 0 ? "" : request.target.slice(mark + 1)),
      own: { headers: [], parameter: undefined },
      scope: undefined,
    };
    const fitting = this.#credentials.filter((credential) => request.secure && isFor(credential, request, paths));
    const used = fitting.find((credential) => swap(draft, credential));
    const misused = this.#findMisuse(draft, mark < 0 ? request.target : request.target.slice(0, mark));
    if (misused !== undefined)
      return { misused, refusal: misusedPlaceholder(misused), policy: credentialPolicy(misused.credential) };
    const added = used ?? fitting.find((credential) => credential.always && add(draft, credential));
    const pinning = this.#checkAccount(request, draft, added);
    if (pinning !== undefined) return pinning;
    if (added === undefined) return plain;
    const path = mark < 0 ? request.target : request.target.slice(0, mark);
    const query = writeQuery(draft.query);
    const target = query === "" && mark < 0 ? path : `${path}?${query}`;
    const done = { target, fields: draft.fields, credential: added.name, misused: undefined };
    return draft.scope === undefined ? done : signed(done, request, { credential: added, scope: draft.scope });
  }

  #findMisuse(draft: Draft, path: string): { credential: string; where: string } | undefined {
    for (const { credential, placeholder } of this.#placeholders) {
      const found = draft.fields.find(
        ([, value]) => value.includes(placeholder) || basicText(value)?.includes(placeholder),
      );
      if (found !== undefined) return { credential, where: `header ${found[0].toLowerCase()}` };
      if (draft.query.some(({ name, value }) => name.includes(placeholder) || value.includes(placeholder))) {
        return { credential, where: "query" };
      }
      if (path.includes(placeholder)) return { credential, where: "path" };
    }
    return undefined;
  }

  #checkAccount(request: Sent, draft: Draft, used: BrokeredCredential | undefined): Swapped | undefined {
    const pinned = this.#credentials.find(({ hosts }) => matchesHost(hosts, request.host));
    if (pinned === undefined) return undefined;
    const query = draft.query.map(({ name, value }) => [name, value] as const);
    const other = findOtherCredential(draft.fields, query, draft.own);
    const refuse = (refusal: Refusal): Swapped => ({
      misused: undefined,
      refusal,
      policy: credentialPolicy(pinned.name),
    });
    if (other !== undefined) return refuse(otherCredential(request.host, pinned.name, other));
    for (const [name, wanted] of (used ?? pinned).account) {
      const said = draft.fields.find(([known]) => known.toLowerCase() === name);
      if (said !== undefined && said[1].trim() !== wanted) return refuse(otherAccount(request.host, name));
      if (said === undefined && used !== undefined) draft.fields.push([name, wanted]);
    }
    return undefined;
  }
}

function scanFor(
  credentials: readonly BrokeredCredential[],
  textOf: (part: { readonly value: string; readonly placeholder: string }) => string,
): NeedleScan | undefined {
  const needles = credentials.flatMap((credential): Needle[] =>
    secretsOf(credential).map((part) => ({ name: credential.name, bytes: Buffer.from(textOf(part)) })),
  );
  return needles.length === 0 ? undefined : new NeedleScan(needles);
}

/** Puts the credential where its placeholder stands, if it stands where it belongs. */
function swap(draft: Draft, credential: BrokeredCredential): boolean {
  const { form, placeholder, value } = credential;
  if (form.kind === "sigv4") return takeSignature(draft, form);
  if (form.kind === "query") {
    const found = draft.query.filter((each) => each.name === form.parameter && each.value === placeholder);
    for (const each of found) each.value = value;
    if (found.length > 0) draft.own.parameter = form.parameter;
    return found.length === 1;
  }
  const header = form.kind === "header" ? form.header : "authorization";
  const index = draft.fields.findIndex(([name]) => name.toLowerCase() === header);
  const [name, sent] = draft.fields[index] ?? ["", ""];
  const changed =
    form.kind === "header" ? (sent.trim() === placeholder ? value : undefined) : swapAuthorization(sent, credential);
  if (changed === undefined) return false;
  draft.fields[index] = [name, changed];
  draft.own.headers = [header];
  return true;
}

/** Takes out a signature that names the placeholder's key, and the token beside it; what else claims to be one stays, and is another credential. */
function takeSignature(draft: Draft, { keyId, token }: Extract<CredentialForm, { kind: "sigv4" }>): boolean {
  const own = draft.fields.filter(([name]) => name.toLowerCase() === "authorization");
  const scope = own.length === 1 ? readScope(own[0]?.[1] ?? "") : undefined;
  if (scope?.keyId !== keyId.placeholder) return false;
  draft.scope = scope;
  draft.fields = draft.fields.filter(
    ([name, value]) =>
      name.toLowerCase() !== "authorization" &&
      !(name.toLowerCase() === "x-amz-security-token" && value.trim() === token?.placeholder),
  );
  return true;
}

/** With everything else in place: what is signed is what goes out. */
function signed(
  done: Extract<Swapped, { fields: Fields }>,
  request: Sent,
  { credential, scope }: { readonly credential: BrokeredCredential; readonly scope: SigV4Scope },
): Swapped {
  const { form, value: secret, name } = credential;
  if (form.kind !== "sigv4") throw new TypeError(`the credential \`${name}\` signs nothing`);
  const { target, fields } = done;
  const keys = { keyId: form.keyId.value, secret, token: form.token?.value };
  const authority = request.authorities[0] ?? request.host;
  const sign = (bodySha256: string): Fields =>
    signRequest({ method: request.method, authority, target, fields, bodySha256 }, scope, keys);
  const digest = statedDigest(fields);
  if (digest.stated !== undefined) return { ...done, fields: sign(digest.stated) };
  if (digest.why === "pieces") return { misused: undefined, refusal: signedPieces(), policy: credentialPolicy(name) };
  return { ...done, sign };
}

function swapAuthorization(sent: string, { form, placeholder, value }: BrokeredCredential): string | undefined {
  const scheme = /^(bearer|token)\s+(\S+)\s*$/i.exec(sent);
  if (scheme !== null && form.kind === "bearer" && scheme[2] === placeholder)
    return `${scheme[1] ?? "Bearer"} ${value}`;
  const text = basicText(sent);
  if (text === undefined) return undefined;
  const colon = text.indexOf(":");
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (password === placeholder) return basic(user, value);
  // A token in the place of the name, with or without a word of no meaning for a password, as git's and pip's users write it.
  return form.kind === "bearer" && user === placeholder && /^(x-oauth-basic)?$/.test(password)
    ? basic(value, password)
    : undefined;
}

/** Adds a credential to a request that carries none; the client need not know that there is one. */
function add(draft: Draft, { form, value }: BrokeredCredential): boolean {
  const query = draft.query.map((each) => [each.name, each.value] as const);
  if (findOtherCredential(draft.fields, query, { headers: [], parameter: undefined }) !== undefined) return false;
  switch (form.kind) {
    case "query":
      draft.query.push({ name: form.parameter, value, written: undefined });
      draft.own.parameter = form.parameter;
      return true;
    case "header":
      return addHeader(draft, form.header, value);
    case "bearer":
      return addHeader(draft, "authorization", `Bearer ${value}`);
    case "basic":
      return addHeader(draft, "authorization", basic(form.username, value));
    case "sigv4":
      // Region and service are the client's to say.
      return false;
  }
}

function addHeader(draft: Draft, header: string, value: string): boolean {
  draft.fields.push([header, value]);
  draft.own.headers = [header];
  return true;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** What `Basic` credentials say, decoded; undefined when the value is none. */
function basicText(value: string): string | undefined {
  const encoded = /^\s*basic\s+(\S+)\s*$/i.exec(value)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8");
}
