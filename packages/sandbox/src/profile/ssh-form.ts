import type { ProfileSshHost } from "../profile-types.ts";
import { sourceForm, sourceOf } from "./credential-form.ts";
import { checked, list, ProfileProblem, table, word } from "./form.ts";
import { allowedHost } from "./words.ts";

const TYPES = "ssh-ed25519|ecdsa-sha2-nistp256|ecdsa-sha2-nistp384|ecdsa-sha2-nistp521|ssh-rsa";

/** `name`, which is at port 22, or `name:port`. */
export const sshHostName = word(
  { description: "host name, with a port if it is not 22", examples: ["git.example.com"] },
  (text, wrong) => {
    if (text.startsWith("*")) throw wrong("has a pattern", "name each host: its keys are its own");
    try {
      return allowedHost.read(/:[0-9]+$/.test(text) ? text : `${text}:22`, []);
    } catch (error) {
      throw error instanceof ProfileProblem ? wrong(error.message, error.remedy) : error;
    }
  },
);

const hostKey = word(
  { description: "public key of the host, as in known_hosts", examples: ["ssh-ed25519 AAAAC3…"] },
  (text, wrong) => {
    const [, type, base64] = new RegExp(`^(${TYPES}) ([A-Za-z0-9+/]{40,2000}={0,2})( .*)?$`).exec(text) ?? [];
    if (type === undefined || base64 === undefined)
      throw wrong(
        "is not a host key",
        "take the line of `ssh-keyscan HOST`, without the name, from a source that you trust",
      );
    return `${type} ${base64}`;
  },
);

const repository = word(
  { description: "repository; `*` is one part of its name, `**` at the end any number", examples: ["acme/app"] },
  (text, wrong) => {
    const name = text.replace(/^\//, "").replace(/\.git$/, "");
    if (
      /^(\*\*|(\*|~?[A-Za-z0-9_.@+-]+)(\/(\*|[A-Za-z0-9_.@+-]+))*(\/\*\*)?)$/.test(name) &&
      !/(^|\/)\.{1,2}(\/|$)/.test(name)
    )
      return name;
    throw wrong("is not the name of a repository", "write it as `acme/app`, `acme/*` or `acme/**`");
  },
);

const user = word(
  { description: "whom to be on the server; whom git names, if not said", examples: ["git"] },
  (text, wrong) => {
    if (/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/.test(text)) return text;
    throw wrong("is not the name of a user");
  },
);

/** `[ssh."HOST"]`, complete. */
export const sshHostForm = checked(
  table(
    {
      "host-keys": list(hostKey, "The keys of the host: one of them it must prove to have."),
      key: sourceForm,
      user,
      fetch: list(repository, "Repositories that may be fetched from."),
      push: list(repository, "Repositories that may be fetched from and pushed to."),
    },
    "A host whose SSH ends in the gateway: git for named repositories, with a key that the run never holds.",
  ),
  (
    { "host-keys": hostKeys = [], key, user: name, fetch = [], push = [] },
    place,
  ): Omit<ProfileSshHost, "host" | "port"> => {
    if (hostKeys.length === 0)
      throw new ProfileProblem(place, "has no `host-keys`", 'write `host-keys = ["ssh-ed25519 AAAA…"]`');
    if (fetch.length + push.length === 0)
      throw new ProfileProblem(place, "has neither `fetch` nor `push`", 'write `fetch = ["acme/app"]`');
    return { hostKeys, source: sourceOf(key, [...place, "key"]), user: name, fetch, push };
  },
);
