/** The files of a bundle that is being written, by their names. */
import type { BundleParts } from "@bailiwick/control-plane/contract/bundles";

/** Of a file that can be added, as a pattern of HTML. */
export const FILE_NAME = "[A-Za-z0-9][A-Za-z0-9._\\-]{0,80}\\.(cedar|test\\.toml)|profile\\.toml";
const PROFILE = "profile.toml";

/** What a layer that says nothing begins with: something that is valid, and shows how. */
export const STARTER: BundleParts = {
  policies: [
    {
      name: "policies.cedar",
      text: `// What agents may not do. Example:
//
// @id("corp.no-push")
// @reason("pushing is for people")
// @instead("leave a branch")
// forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
// when { context.verb == "push" };
`,
    },
  ],
  tests: [],
  profile: undefined,
  requiredWithinHours: undefined,
};

export function fileNamesOf({ policies, tests, profile }: BundleParts): string[] {
  const names = [...policies, ...tests].map(({ name }) => name);
  return [...names, ...(profile === undefined ? [] : [PROFILE])];
}

export function firstFileOf(parts: BundleParts): string {
  return fileNamesOf(parts)[0] ?? "policies.cedar";
}

export function textOf(parts: BundleParts, name: string): string | undefined {
  if (name === PROFILE) return parts.profile;
  return [...parts.policies, ...parts.tests].find((each) => each.name === name)?.text;
}

/** @param text undefined: the file is gone */
export function withText(parts: BundleParts, name: string, text: string | undefined): BundleParts {
  if (name === PROFILE) return { ...parts, profile: text };
  const kind = name.endsWith(".cedar") ? "policies" : "tests";
  const others = parts[kind].filter((each) => each.name !== name);
  const index = parts[kind].findIndex((each) => each.name === name);
  if (text === undefined) return { ...parts, [kind]: others };
  return { ...parts, [kind]: others.toSpliced(index < 0 ? others.length : index, 0, { name, text }) };
}
