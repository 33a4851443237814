/** What a directory can learn of this server (RFC 7643, 5 to 7). */
import { MOST_LISTED } from "../../contract/scim-routes.ts";
import { ELEMENT, SHAPE, URN, type Kind } from "./attributes.ts";

type Described = Readonly<Record<string, unknown>>;

const no = { supported: false } as const;

export const CONFIG: Described = {
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: true },
  bulk: { ...no, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: MOST_LISTED },
  changePassword: no,
  sort: no,
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: "oauthbearertoken",
      name: "Bearer token",
      description: "A service token of this server that has the role `provisioner` for the company",
      specUri: "https://www.rfc-editor.org/rfc/rfc6750",
      primary: true,
    },
  ],
  meta: { resourceType: "ServiceProviderConfig", location: "/scim/v2/ServiceProviderConfig" },
};

const KINDS = ["User", "Group"] as const satisfies readonly Kind[];

export const RESOURCE_TYPES: readonly Described[] = KINDS.map((kind) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
  id: kind,
  name: kind,
  endpoint: `/${kind}s`,
  description: kind === "User" ? "People" : "Groups of people",
  schema: URN[kind],
  meta: { resourceType: "ResourceType", location: `/scim/v2/ResourceTypes/${kind}` },
}));

const REQUIRED: ReadonlySet<string> = new Set(["userName"]);
/** Not two have the same. */
const UNIQUE: ReadonlySet<string> = new Set(["userName", "externalId"]);

export const SCHEMAS: readonly Described[] = KINDS.map((kind) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
  id: URN[kind],
  name: kind,
  description: kind === "User" ? "What is kept of people" : "What is kept of groups",
  attributes: Object.entries<"one" | "many" | readonly string[]>(SHAPE[kind]).map(([name, shape]) =>
    describe(name, shape),
  ),
  meta: { resourceType: "Schema", location: `/scim/v2/Schemas/${URN[kind]}` },
}));

function describe(name: string, shape: "one" | "many" | readonly string[]): Described {
  const members = shape === "one" ? [] : shape === "many" ? (name === "members" ? ["value"] : ELEMENT) : shape;
  return {
    name,
    type: members.length > 0 ? "complex" : name === "active" || name === "primary" ? "boolean" : "string",
    ...(members.length > 0 && { subAttributes: members.map((member) => describe(member, "one")) }),
    multiValued: shape === "many",
    description: "RFC 7643, 4.1 and 4.2",
    required: REQUIRED.has(name),
    caseExact: name === "externalId" || name === "value",
    mutability: "readWrite",
    returned: "default",
    uniqueness: UNIQUE.has(name) ? "server" : "none",
  };
}
