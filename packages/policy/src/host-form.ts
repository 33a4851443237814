import { parseHostName } from "@bailiwick/base";

const GROUP_OF_PROFILE = "profile";

/** What to write in place of a name in a policy; undefined: it is in the one form in which hosts are asked about. */
export function hostRemedy(type: "Host" | "HostGroup", name: string): string | undefined {
  if (type === "HostGroup" && name === GROUP_OF_PROFILE) return undefined;
  const begin = type === "HostGroup" ? "*." : "";
  const parsed = name.startsWith(begin) ? parseHostName(name.slice(begin.length)) : undefined;
  if (parsed === undefined) {
    return type === "Host"
      ? "write a name as in DNS, other alphabets as `xn--\u2026`; an address needs a name, by `[network.hosts]` of the profile"
      : 'write `*.` and a domain, or `HostGroup::"profile"`';
  }
  const plain = `${begin}${parsed}`;
  return plain === name ? undefined : `write \`${type}::"${plain}"\``;
}
