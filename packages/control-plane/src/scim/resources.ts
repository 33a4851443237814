/** What users and groups have in common: versions, what is shown of them, and lists (RFC 7644, 3.4.2 and 3.14). */
import { ServerError } from "../../contract/errors.ts";
import type { ScimAnswer } from "../routes/handler.ts";
import { attributeOf, URN, type Attributes, type Kind } from "./attributes.ts";

export interface Meta {
  readonly id: string;
  readonly version: number;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** Which attributes are asked for: names, separated by commas. */
export interface Shown {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/** @param base of this server, as others reach it; empty when that is not known: addresses are relative then */
export function resourceOf(kind: Kind, attributes: Attributes, meta: Meta, base: string): Attributes {
  return {
    schemas: [URN[kind]],
    id: meta.id,
    ...attributes,
    meta: {
      resourceType: kind,
      created: new Date(meta.createdAt).toISOString(),
      lastModified: new Date(meta.changedAt).toISOString(),
      location: locationOf(kind, meta.id, base),
      version: etagOf(meta.version),
    },
  };
}

export function locationOf(kind: Kind, id: string, base: string): string {
  return `${base}/scim/v2/${kind}s/${encodeURIComponent(id)}`;
}

export function etagOf(version: number): string {
  return `W/"${String(version)}"`;
}

/** Changes only what whoever changes it has seen. @throws ServerError SERVER_VERSION_CHANGED */
export function requireVersion(headers: Readonly<Record<string, string>>, version: number): void {
  const { "if-match": wanted } = headers;
  if (wanted === undefined || wanted.trim() === "*" || isNamed(wanted, version)) return;
  throw new ServerError("SERVER_VERSION_CHANGED", "it has changed since it was read", { remedy: "read it again" });
}

export function isNamed(tags: string, version: number): boolean {
  return tags.split(",").some((tag) => tag.trim() === etagOf(version));
}

/** `schemas` and `id` are always shown (RFC 7643, 7). */
export function show(kind: Kind, resource: Attributes, { attributes, excludedAttributes }: Shown): Attributes {
  const wanted = attributes === undefined ? undefined : namesOf(kind, attributes);
  const excluded = namesOf(kind, excludedAttributes ?? "");
  return Object.fromEntries(
    Object.entries(resource).filter(
      ([name]) => name === "schemas" || name === "id" || ((wanted?.has(name) ?? true) && !excluded.has(name)),
    ),
  );
}

/** Of `name.familyName` the whole `name`. */
function namesOf(kind: Kind, list: string): ReadonlySet<string> {
  const prefix = `${URN[kind]}:`.toLowerCase();
  return new Set(
    list.split(",").map((written) => {
      const path = written.trim();
      const bare = path.toLowerCase().startsWith(prefix) ? path.slice(prefix.length) : path;
      const [name = ""] = bare.split(".");
      return attributeOf(kind, name) ?? name.toLowerCase();
    }),
  );
}

export interface Page {
  readonly startIndex: number;
  readonly count: number;
}

export function listOf(resources: readonly Attributes[], total: number, { startIndex }: Page): ScimAnswer {
  return {
    status: 200,
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
      totalResults: total,
      startIndex,
      itemsPerPage: resources.length,
      Resources: resources,
    },
  };
}
