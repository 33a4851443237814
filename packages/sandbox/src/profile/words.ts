/** The words of a profile, each read into its one normal form. */
import { parseHostName } from "@bailiwick/base";
import { word, type Wrong } from "./form.ts";
import { DURATION_PATTERN, SIZE_PATTERN, parseDuration, parseSize } from "./quantities.ts";
import { isSecretFile } from "./secret-names.ts";

/** A host name in lower case without a trailing dot: never an address, never the sandbox's own loopback. */
function hostName(text: string, wrong: Wrong): string {
  if (text.includes(":") || /(^|\.)([0-9]+|0x[0-9a-f]*)\.?$/i.test(text)) {
    throw wrong(
      "is an address, not a name",
      'give it a name: `[network.hosts]` with `"db.test" = "10.0.0.5"`, and allow that name',
    );
  }
  const name = parseHostName(text);
  // Names of hosts have no underscore; DNS has others that do.
  if (name === undefined || name.includes("_")) {
    throw wrong("is not a host name", "write it as in DNS; other alphabets as `xn--…`");
  }
  if (name === "localhost" || name.endsWith(".localhost")) {
    throw wrong(
      "is the run's own loopback",
      'reach a service of the host by a name: `[network.hosts]` with `"db.test" = "127.0.0.1"`',
    );
  }
  return name;
}

export const hostKey = word({ description: "host name" }, hostName);

/** `name:port`; the name may start with `*.`, which means every name below and not the name itself. */
export const allowedHost = word(
  { description: "host name, or `*.` and a domain, and a TCP port", examples: ["api.example.com:443"] },
  (text, wrong) => {
    const colon = text.lastIndexOf(":");
    const port = text.slice(colon + 1);
    if (colon < 1) throw wrong("has no port", "write `name:port`, such as `example.com:443`");
    if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) throw wrong("has no port of 1 to 65535");
    const name = text.slice(0, colon);
    if (!name.startsWith("*.")) return `${hostName(name, wrong)}:${port}`;
    const parent = hostName(name.slice(2), wrong);
    if (!parent.includes("."))
      throw wrong("would allow a whole top-level domain", "name the domain: `*.example.com:443`");
    return `*.${parent}:${port}`;
  },
);

/** A name, or `*.` and a domain: as in `allow`, at every port. */
export const inspectedHost = word(
  { description: "host name, or `*.` and a domain", examples: ["api.example.com", "*.example.com"] },
  (text, wrong) => {
    if (/:[0-9]+$/.test(text)) throw wrong("has a port", "write the name alone: every port of it is looked into");
    return text.startsWith("*.") ? `*.${hostName(text.slice(2), wrong)}` : hostName(text, wrong);
  },
);

/** An IPv4 or IPv6 address, the latter in its short form. */
export const address = word({ description: "IPv4 or IPv6 address" }, (text, wrong) => {
  if (isIpv4(text)) return text;
  const short =
    /^[0-9a-fA-F:.]+$/.test(text) && text.includes(":") ? URL.parse(`http://[${text}]/`)?.hostname : undefined;
  if (short === undefined) throw wrong("is not an address", "write it as `10.0.0.5` or `fd00::5`");
  return short.slice(1, -1);
});

function isIpv4(text: string): boolean {
  return /^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(?!$)|$)){4}$/.test(text);
}

/** An absolute path of the host: `/…`, `~/…`, `{home}/…`, `{workspace}` or `{workspace}/…`, without `.` and `..`. */
export const hostPath = word(
  { description: "absolute path; may start with `~/`, `{home}/` or `{workspace}`" },
  (text, wrong) => {
    const path = text.startsWith("~/") ? `{home}/${text.slice(2)}` : text;
    const [first = "", ...rest] = path.replace(/(?<=.)\/+$/, "").split("/");
    const parts = rest.filter((part) => part !== "");
    if (!["", "{home}", "{workspace}"].includes(first)) {
      throw wrong("is not an absolute path", "start it with `/`, `~/` or `{workspace}`");
    }
    if (parts.some((part) => part === "." || part === "..")) throw wrong("holds `.` or `..`");
    if (parts.some((part) => /[{}]/.test(part))) throw wrong("holds a placeholder that is not at its start");
    if (first === "" && parts.length === 0)
      throw wrong("is the whole file system", "name the directory that is needed");
    if (path === "~" || (first === "{home}" && parts.length === 0)) {
      throw wrong("is the whole home directory, with its keys and logins", "name the directory that is needed");
    }
    return [first, ...parts].join("/");
  },
);

/** As in .gitignore: a name anywhere, or a path from the workspace; `*`, `?`, `**`, a leading `!`, a trailing slash. */
export const maskPattern = word({ description: "name or pattern; `!` takes names out again" }, (text, wrong) => {
  const bare = text.replace(/^!/, "").replace(/\/$/, "");
  if (bare === "") throw wrong("is empty");
  if (bare.startsWith("/") || bare.split("/").some((part) => part === "" || part === "." || part === "..")) {
    throw wrong("is not a name or a path from the workspace", "leave out leading and double slashes, `.` and `..`");
  }
  if (/[[\]{}\\]/.test(bare))
    throw wrong("holds one of `[]{}\\`, which patterns do not have", "write one pattern for each name");
  if (/^[*?/]+$/.test(bare)) throw wrong("would mask everything");
  return text;
});

/** A path from the workspace, exactly; a trailing slash says directory, a leading `!` takes it out again. */
export const protectedPath = word(
  { description: "path from the workspace; a trailing slash says directory" },
  (text, wrong) => {
    const bare = text.replace(/^!/, "").replace(/\/$/, "");
    if (bare === "" || bare.split("/").some((part) => part === "" || part === "." || part === "..")) {
      throw wrong("is not a path from the workspace", "leave out leading and double slashes, `.` and `..`");
    }
    if (/[*?[\]{}\\]/.test(bare))
      throw wrong("holds a pattern", "protect takes exact paths, also of what does not exist yet");
    return text;
  },
);

/** The name of a variable, or its beginning and `*`. */
export const passedVariable = word(
  { description: "name of an environment variable, or its beginning and `*`" },
  (text, wrong) => {
    if (/^[A-Za-z_][A-Za-z0-9_]*\*?$/.test(text)) return text;
    throw wrong("is not the name of a variable", "write a name such as `TERM`, or a beginning such as `LC_*`");
  },
);

/** Bailiwick sets these itself: a run whose HOME were another place would find neither logins nor caches. */
const OWN_VARIABLES: ReadonlySet<string> = new Set(["HOME", "PWD"]);

export const setVariable = word({ description: "name of an environment variable" }, (text, wrong) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) throw wrong("is not the name of a variable");
  if (OWN_VARIABLES.has(text)) throw wrong("is set by Bailiwick itself", "leave it out");
  return text;
});

export const variableValue = word({ description: "may hold `{workspace}` and `{home}`" }, (text) => text);

/** A file or directory of the person's home, relative to it. */
export const seedPath = word({ description: "path from the home directory" }, (text, wrong) => {
  const bare = text.replace(/^~\//, "").replace(/\/$/, "");
  if (bare === "" || bare.split("/").some((part) => part === "" || part === "." || part === "..")) {
    throw wrong("is not a path from the home directory", "write it as `.gitconfig`");
  }
  if (isSecretFile(bare)) {
    throw wrong("is known to hold secrets", "log in inside the run once instead: its home is kept");
  }
  return bare;
});

export const duration = word(
  { pattern: DURATION_PATTERN, examples: ["2h", "90m"], description: "duration" },
  (text, wrong) => {
    const parsed = parseDuration(text);
    if (parsed === undefined) throw wrong("is not a duration of 1 ms to 24 days", "write it as `2h`, `1h30m` or `90s`");
    return parsed;
  },
);

export const size = word({ pattern: SIZE_PATTERN, examples: ["512MB", "2GiB"], description: "size" }, (text, wrong) => {
  const parsed = parseSize(text);
  if (parsed === undefined) throw wrong("is not a size", "write it as `512MB` or `2GiB`");
  return parsed;
});

/** The name of another profile, or a path to its file. */
export const profileReference = word(
  { description: "name of a profile, or path to one from this file; without it: `standard`" },
  (text, wrong) => {
    if (text === "") throw wrong("is empty", "name a profile, such as `standard`");
    return text;
  },
);

/** What this host calls a witness. */
export const witnessName = word(
  { description: "name of a witness", pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" },
  (text, wrong) => {
    if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(text)) return text;
    throw wrong("is not the name of a witness", "lower-case letters, digits, `.`, `_` and `-`");
  },
);

/** What a profile calls a credential; it stands in events and refusals. */
export const credentialName = word(
  { description: "name of a credential", pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" },
  (text, wrong) => {
    if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(text)) return text;
    throw wrong("is not the name of a credential", "lower-case letters, digits, `.`, `_` and `-`");
  },
);
