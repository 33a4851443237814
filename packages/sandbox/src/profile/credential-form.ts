import type { ProfileCredential } from "../profile-types.ts";
import { boolean, checked, list, map, oneOf, type Place, ProfileProblem, type Read, table, word } from "./form.ts";
import { hostPath, inspectedHost, setVariable } from "./words.ts";

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

const fieldName = word({ description: "name of a header or parameter" }, (text, wrong) => {
  if (TOKEN.test(text)) return text;
  throw wrong("is not a name", "write letters, digits and `-`");
});

const headerName = word({ description: "name of a header" }, (text, wrong) => {
  if (TOKEN.test(text)) return text.toLowerCase();
  throw wrong("is not the name of a header", "write letters, digits and `-`");
});

const headerValue = word({ description: "value of a header" }, (text, wrong) => {
  if (/^[!-~]([ -~]{0,998}[!-~])?$/.test(text)) return text;
  throw wrong("is not the value of a header", "write printable ASCII");
});

const method = word({ description: "HTTP method", examples: ["GET"] }, (text, wrong) => {
  if (/^[A-Za-z][A-Za-z-]{0,31}$/.test(text)) return text.toUpperCase();
  throw wrong("is not an HTTP method", "write it as `GET`");
});

const pathPattern = word(
  { description: "path; `*` is one segment, `**` at the end any number", examples: ["/repos/acme/**"] },
  (text, wrong) => {
    const parts = text.split("/").slice(1);
    const stray = parts.some((part, index) =>
      part.includes("**") ? part !== "**" || index !== parts.length - 1 : part.includes("*") && part !== "*",
    );
    if (!text.startsWith("/")) throw wrong("does not begin with a slash");
    if (stray)
      throw wrong("has `*` beside other characters", "write `*` for a whole segment, `**` at the end for any number");
    if (parts.some((part) => part === "." || part === "..") || /[%?#\\]/.test(text)) {
      throw wrong("is not a plain path", "write it decoded, without `.`, `..` and a query");
    }
    return text;
  },
);

const argument = word({ description: "argument" }, (text) => text);

export const sourceForm = table(
  {
    env: setVariable,
    file: hostPath,
    command: list(argument, "A program and its arguments; what it prints is the credential."),
    "secret-service": map(fieldName, argument, "Attributes by which `secret-tool` finds it."),
  },
  "Where it comes from, on the host: one of these.",
);

const fields = table(
  {
    hosts: list(inspectedHost, "The hosts that get it; their connections are looked into."),
    methods: list(method, "Only with these methods; with any, if not said."),
    paths: list(pathPattern, "Only for these paths; for any, if not said."),
    kind: oneOf(["header", "bearer", "basic", "query", "sigv4"], "How it is sent."),
    header: headerName,
    parameter: fieldName,
    username: word({ description: "the name beside it, for `basic`" }, (text, wrong) => {
      if (/^[ -9;-~]*$/.test(text)) return text;
      throw wrong("is not a name", "write printable ASCII without a colon");
    }),
    source: sourceForm,
    variable: setVariable,
    always: boolean("Whether it is added to requests that carry no credential at all."),
    account: map(headerName, headerValue, "Headers that name the account: set on every request, and no others go out."),
  },
  "A credential that runs use and never hold.",
);

type Fields = Read<typeof fields>;

/** `[credentials.NAME]`, complete: everything that its kind needs is there, and nothing that it does not have. */
export const credentialForm = checked(fields, (found, place): Omit<ProfileCredential, "name"> => {
  const { hosts, methods, paths, variable, always = false, account } = found;
  if (hosts === undefined || hosts.length === 0)
    throw new ProfileProblem(place, "has no `hosts`", "name those that get it");
  if (variable === undefined && !always) {
    throw new ProfileProblem(
      place,
      "has neither a `variable` nor `always = true`, so that nothing would ever use it",
      'write `variable = "GITHUB_TOKEN"`',
    );
  }
  const form = formOf(found, place);
  const source = sourceOf(found.source, place);
  if (form.kind === "sigv4") requireTriple(found, source, place);
  return {
    hosts,
    methods,
    paths,
    form,
    source,
    variable,
    always,
    account: Object.fromEntries(account ?? []),
  };
});

/** A signature needs an id beside the secret, and names a region and a service, which only a client knows. */
function requireTriple({ variable, always }: Fields, source: ProfileCredential["source"], place: Place): void {
  if (always === true)
    throw new ProfileProblem([...place, "always"], "does not belong to this `kind`", "let the client sign");
  const ending = "_SECRET_ACCESS_KEY";
  const remedy = "write `AWS_SECRET_ACCESS_KEY`: the id and the token are beside it";
  if (variable?.endsWith(ending) !== true)
    throw new ProfileProblem([...place, "variable"], `does not end with \`${ending}\``, remedy);
  if (source.kind === "env" && !source.variable.endsWith(ending))
    throw new ProfileProblem([...place, "source"], `names a variable that does not end with \`${ending}\``, remedy);
}

function formOf({ kind, header, parameter, username }: Fields, place: Place): ProfileCredential["form"] {
  const surplus = [
    ...(header !== undefined && kind !== "header" ? ["header"] : []),
    ...(parameter !== undefined && kind !== "query" ? ["parameter"] : []),
    ...(username !== undefined && kind !== "basic" ? ["username"] : []),
  ];
  if (surplus[0] !== undefined) throw new ProfileProblem([...place, surplus[0]], "does not belong to this `kind`");
  if (kind === undefined)
    throw new ProfileProblem(place, "has no `kind`", "write `header`, `bearer`, `basic`, `query` or `sigv4`");
  switch (kind) {
    case "bearer":
      return { kind };
    case "basic":
      return { kind, username: username ?? "x-access-token" };
    case "header":
      if (header === undefined) throw new ProfileProblem(place, "has no `header`", 'write `header = "x-api-key"`');
      return { kind, header };
    case "sigv4":
      return { kind };
    case "query":
      if (parameter === undefined) throw new ProfileProblem(place, "has no `parameter`", 'write `parameter = "key"`');
      return { kind, parameter };
  }
}

/** @throws ProfileProblem unless it says exactly one place */
export function sourceOf(source: Fields["source"], place: Place): ProfileCredential["source"] {
  const { env, file, command } = source ?? {};
  const attributes = source?.["secret-service"];
  const given = [env, file, command, attributes].filter((each) => each !== undefined);
  const remedy = 'write `source = { env = "NAME" }`, or `file`, `command` or `secret-service`';
  if (given.length !== 1) throw new ProfileProblem([...place, "source"], "must say one place", remedy);
  if (env !== undefined) return { kind: "env", variable: env };
  if (file !== undefined) return { kind: "file", path: file };
  if (attributes !== undefined) return { kind: "secret-service", attributes: Object.fromEntries(attributes) };
  const [program, ...args] = command ?? [];
  if (program === undefined) throw new ProfileProblem([...place, "source"], "names no program", remedy);
  return { kind: "command", command: [program, ...args] };
}
