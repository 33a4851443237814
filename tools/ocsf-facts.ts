/**
 * `node tools/ocsf-facts.ts CHECKOUT REF`: writes tests/vectors/ocsf/VERSION.json, what a published version of OCSF says of the classes and
 * objects that Bailiwick exports: names, types, requirements, enumerations and constraints of attributes, without their descriptions.
 * CHECKOUT is a clone of the project that publishes the schema, REF a branch or tag of it.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";

const CLASSES = [
  "events/system/process_activity.json",
  "events/system/file_activity.json",
  "events/system/event_log_activity.json",
  "events/network/network_activity.json",
  "events/network/http_activity.json",
  "events/network/dns_activity.json",
  "events/application/api_activity.json",
  "events/application/application_lifecycle.json",
  "events/findings/detection_finding.json",
  "events/iam/authentication.json",
];
/** An event with an object beyond these does not validate. */
const OBJECTS = [
  ...["process", "file", "fingerprint", "actor", "user", "session", "metadata", "product", "feature", "device", "os"],
  ...["network_endpoint", "network_connection_info", "network_traffic", "dns_query", "finding_info", "related_event"],
  ...["evidences", "policy", "api", "service", "resource_details", "observable", "ai_agent", "ai_model"],
  ...["http_request", "http_response", "http_header", "url"],
];

/** Parsed JSON of which nothing is known; what is no object has no members. */
interface Json {
  readonly [name: string]: Json | undefined;
}

const entriesOf = (json: Json | undefined): [string, Json][] => Object.entries((json ?? {}) as Record<string, Json>);
interface Attribute {
  type?: string;
  array?: true;
  requirement?: string;
  profile?: string;
  enum?: string[];
}

const [checkout = ".", ref = "HEAD"] = process.argv.slice(2);
const read = (path: string): Json =>
  JSON.parse(
    execFileSync("git", ["-C", checkout, "show", `${ref}:${path}`], { encoding: "utf8", maxBuffer: 1 << 28 }),
  ) as Json;
const paths = execFileSync("git", ["-C", checkout, "ls-tree", "-r", "--name-only", ref], { encoding: "utf8" }).split(
  "\n",
);
const dictionary = read("dictionary.json");
const categories = read("categories.json");

interface Definition {
  readonly attributes: Map<string, Attribute>;
  readonly constraints: unknown;
  readonly category: string;
  readonly profiles: ReadonlySet<string>;
}

function define(folder: string, json: Json): Definition {
  const parent = json["extends"];
  const parentPath =
    parent === undefined
      ? undefined
      : paths.find((path) => path.startsWith(folder) && path.endsWith(`/${String(parent)}.json`));
  const from = parentPath === undefined ? undefined : define(folder, read(parentPath));
  const attributes = new Map(from?.attributes);
  for (const include of Object.values(json["attributes"]?.["$include"] ?? {})) {
    const profile = read(String(include));
    for (const [name, own] of entriesOf(profile["attributes"]))
      attributes.set(name, merge(attributes.get(name), own, String(profile["name"])));
  }
  for (const [name, own] of entriesOf(json["attributes"])) {
    if (name !== "$include") attributes.set(name, merge(attributes.get(name), own, undefined));
  }
  return {
    attributes,
    constraints: json["constraints"] ?? from?.constraints,
    category: String(json["category"] ?? from?.category),
    profiles: new Set([...(from?.profiles ?? []), ...Object.values(json["profiles"] ?? {}).map(String)]),
  };
}

function merge(before: Attribute | undefined, own: Json, included: string | undefined): Attribute {
  const profile = "profile" in own ? own["profile"] : (included ?? before?.profile);
  const values = [...(before?.enum ?? []), ...Object.keys(own["enum"] ?? {})];
  const requirement = own["requirement"] ?? before?.requirement;
  return {
    ...(requirement !== undefined && { requirement: String(requirement) }),
    ...(profile !== undefined && profile !== null && { profile: String(profile) }),
    ...(values.length > 0 && { enum: values }),
  };
}

function facts({ attributes, constraints }: Definition): unknown {
  return {
    attributes: Object.fromEntries(
      [...attributes]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, attribute]) => {
          const general = dictionary["attributes"]?.[name] ?? {};
          const type = String(String(general["type"]) === "object_t" ? general["object_type"] : general["type"]);
          const values = new Set([...Object.keys(general["enum"] ?? {}), ...(attribute.enum ?? [])]);
          return [
            name,
            {
              type,
              ...(String(general["is_array"]) === "true" && { array: true }),
              ...(attribute.requirement === "required" && { required: true }),
              ...(attribute.profile !== undefined && { profile: attribute.profile }),
              ...(values.size > 0 && { enum: [...values].sort() }),
            },
          ];
        }),
    ),
    ...(constraints !== undefined && { constraints }),
  };
}

const version = String(read("version.json")["version"]);
const types = Object.fromEntries(
  entriesOf(dictionary["types"]?.["attributes"]).map(([name, type]) => {
    const { type: base, regex, max_len: length, range } = type;
    return [name, { base: base ?? name, regex, length, range }];
  }),
);
const classes = CLASSES.map((path) => {
  const json = read(path);
  const definition = define("events/", json);
  const category = Number(categories["attributes"]?.[definition.category]?.["uid"]);
  const uid = category * 1000 + Number(json["uid"]);
  return [
    uid,
    { caption: json["caption"], category, profiles: [...definition.profiles].sort(), ...(facts(definition) as object) },
  ];
});
const objects = OBJECTS.filter((name) => paths.includes(`objects/${name}.json`)).map((name) => [
  name,
  facts(define("objects/", read(`objects/${name}.json`))),
]);
const all = { version, types, classes: Object.fromEntries(classes), objects: Object.fromEntries(objects) };
const folder = join(import.meta.dirname, "../tests/vectors/ocsf");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, `${version}.json`), await format(JSON.stringify(all), { parser: "json", printWidth: 200 }));
