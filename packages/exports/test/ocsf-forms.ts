/**
 * What OCSF 1.8.0 and its successor say of what Bailiwick sends, written down by hand from the published schema: for each class the
 * attributes that we use, which of them must be there, their types and enumerations. Strict: an attribute that is not here is refused
 * until somebody has looked it up. tools/ocsf-facts.ts checks the same records against all that the schema says, where a clone of it is at hand.
 */
import { z } from "zod";
import type { OcsfVersion } from "../src/ocsf/record.ts";

const text = z
  .string()
  .min(1)
  .refine((value) => value.isWellFormed(), "is not well formed");
const integer = z.int();
const time = z.int().nonnegative();
const port = z.int().min(0).max(65_535);
const ip = z.union([z.ipv4(), z.ipv6()]);
const oneOf = (...values: readonly number[]) => z.literal([...values]);
const upTo = (last: number) => oneOf(...Array.from({ length: last + 1 }, (_, value) => value), 99);

/** Objects of which at least one of these attributes must be there. */
function withOneOf<T extends z.ZodObject>(names: readonly string[], form: T) {
  return form.refine((value) => names.some((name) => name in value), `has none of ${names.join(", ")}`);
}

const fingerprint = z.strictObject({ algorithm: text.optional(), algorithm_id: upTo(21), value: text });
const file = z.strictObject({
  name: text,
  path: text.optional(),
  type_id: upTo(8),
  hashes: z.array(fingerprint).optional(),
  size: integer.optional(),
});
const user = z.strictObject({ name: text });
const process = withOneOf(
  ["pid", "uid"],
  z.strictObject({
    uid: text.optional(),
    pid: integer.optional(),
    name: text.optional(),
    cmd_line: text.optional(),
    created_time: time.optional(),
    terminated_time: time.optional(),
    working_directory: text.optional(),
    file: file.optional(),
  }),
);
const actor = withOneOf(
  ["process", "user", "session", "app_name"],
  z.strictObject({
    process: process.optional(),
    user: user.optional(),
    session: z.strictObject({ uid: text }).optional(),
    app_name: text.optional(),
  }),
);
const os = z.strictObject({ name: text, type_id: oneOf(0, 99, 100, 101, 200, 201, 300, 301, 302, 400, 401, 402) });
const device = withOneOf(
  ["uid", "hostname"],
  z.strictObject({ type_id: upTo(15), uid: text.optional(), hostname: text.optional(), os: os.optional() }),
);
const endpoint = withOneOf(
  ["uid", "name", "hostname", "ip"],
  z.strictObject({
    uid: text.optional(),
    name: text.optional(),
    hostname: text.optional(),
    ip: ip.optional(),
    port: port.optional(),
  }),
);
const product = z.strictObject({ name: text, vendor_name: text, version: text.optional() });
const query = z.strictObject({ hostname: text });
const httpRequest = z.strictObject({
  uid: text.optional(),
  http_method: text.optional(),
  body_length: integer.optional(),
  url: withOneOf(
    ["path"],
    z.strictObject({ hostname: text.optional(), port: port.optional(), path: text.optional() }),
  ).optional(),
});
const connection = z.strictObject({
  direction_id: upTo(4),
  protocol_name: text.optional(),
  protocol_num: integer.optional(),
  uid: text.optional(),
});
const traffic = z.strictObject({
  bytes: integer,
  bytes_in: integer,
  bytes_out: integer,
  start_time: time,
  end_time: time,
});
const policy = z.strictObject({ name: text, version: text, is_applied: z.boolean() });

/** Of the profile `security_control`; only where the record says that it has it. */
const control = {
  action_id: upTo(4).optional(),
  disposition_id: upTo(27).optional(),
  policy: policy.optional(),
};
const aiAgent = z.strictObject({ name: text, uid: text, instance_uid: text, type_id: upTo(4) });

const metadata = (version: OcsfVersion) =>
  z.strictObject({
    version: z.literal(version),
    product,
    profiles: z.array(z.enum(["host", "security_control", ...(version === "1.8.0" ? [] : ["ai_operation"])])),
    uid: text,
    log_name: text,
    sequence: integer,
    event_code: text,
    correlation_uid: text.optional(),
    labels: z.array(text).optional(),
    is_truncated: z.boolean().optional(),
  });

const everyClass = {
  activity_name: text.optional(),
  time,
  severity_id: upTo(6),
  status_id: upTo(2).optional(),
  status_detail: text.optional(),
  message: text,
  device: device.optional(),
  actor: actor.optional(),
  unmapped: z.record(z.string(), z.unknown()).optional(),
  ...control,
};
const network = {
  src_endpoint: endpoint.optional(),
  dst_endpoint: endpoint.optional(),
  connection_info: connection.optional(),
};

/** By class: the activities it knows, and its own attributes. */
const CLASSES = {
  1001: [14, { device, actor, file }],
  1007: [5, { device, actor, process, launch_type_id: upTo(3).optional(), exit_code: integer.optional() }],
  1008: [10, { log_name: text, log_type_id: upTo(2), file: file.optional() }],
  2004: [
    3,
    {
      status_id: upTo(6),
      is_alert: z.boolean(),
      finding_info: z.strictObject({
        uid: text,
        title: text.optional(),
        desc: text.optional(),
        types: z.array(text).optional(),
        created_time: time.optional(),
        related_events: z.array(z.strictObject({ uid: text, type_uid: integer })).optional(),
      }),
      evidences: z.array(
        z.strictObject({
          process: process.optional(),
          query: query.optional(),
          dst_endpoint: endpoint.optional(),
          http_request: httpRequest.optional(),
          device,
        }),
      ),
    },
  ],
  4001: [7, { ...network, traffic: traffic.optional() }],
  4002: [
    9,
    {
      ...network,
      http_request: httpRequest.optional(),
      http_response: z.strictObject({ code: integer, body_length: integer.optional() }).optional(),
    },
  ],
  4003: [6, { ...network, query: query.optional(), rcode_id: upTo(25).optional() }],
  6002: [8, { app: z.strictObject({ name: text, uid: text }) }],
  6003: [
    4,
    {
      actor,
      src_endpoint: endpoint,
      api: z.strictObject({ operation: text, service: z.strictObject({ name: text }).optional() }),
      resources: z.array(z.strictObject({ uid: text, type: text.optional() })).optional(),
    },
  ],
} as const;

/** DNS has no activities 3 to 5. */
const ABSENT: Readonly<Record<string, readonly number[]>> = { 4003: [3, 4, 5] };
const MUST_HAVE_ONE: Readonly<Record<string, readonly string[]>> = {
  4001: ["src_endpoint", "dst_endpoint"],
  4002: ["http_request", "http_response"],
  4003: ["src_endpoint", "dst_endpoint"],
};

/** What is wrong with a record, each with where; empty when it is as the schema has it. */
export function formErrors(version: OcsfVersion, record: Readonly<Record<string, unknown>>): string[] {
  const { class_uid: uid, activity_id: activity, metadata: told } = record;
  const known = Object.entries(CLASSES).find(([each]) => Number(each) === uid);
  if (known === undefined) return [`there is no class ${String(uid)}`];
  const [name, [activities, members]] = known;
  const form = z.strictObject({
    ...everyClass,
    ...members,
    metadata: metadata(version),
    activity_id: upTo(activities).refine((each) => !ABSENT[name]?.includes(Number(each)), "is no activity of it"),
    class_uid: z.literal(Number(uid)),
    category_uid: z.literal(Math.floor(Number(uid) / 1000)),
    type_uid: z.literal(Number(uid) * 100 + Number(activity)),
    ...(version === "1.8.0" || uid === 2004 ? {} : { ai_agent: aiAgent.optional() }),
  });
  const errors = (form.safeParse(record).error?.issues ?? []).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );
  const some = MUST_HAVE_ONE[name];
  if (some !== undefined && !some.some((each) => each in record)) errors.push(`has none of ${some.join(", ")}`);
  const profiles = (told as { profiles?: readonly string[] } | undefined)?.profiles ?? [];
  for (const [attribute, profile] of [
    ...Object.keys(control).map((each) => [each, "security_control"]),
    ["ai_agent", "ai_operation"],
  ] as const) {
    if (attribute !== undefined && profile !== undefined && attribute in record && !profiles.includes(profile))
      errors.push(`${attribute}: is of the profile ${profile}`);
  }
  return errors;
}
