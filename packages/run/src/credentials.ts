import {
  openSsh,
  partsOf,
  placeholderFor,
  type BrokeredCredential,
  type CredentialForm,
  type SshGateway,
} from "@bailiwick/egress";
import {
  expand,
  isInside,
  realPathOf,
  type LaunchSpec,
  type Profile,
  type ProfileCredential,
} from "@bailiwick/sandbox";
import { awsVariables } from "./aws-variables.ts";
import { RunError } from "./errors.ts";

export interface CredentialPlaces {
  readonly workspace: string;
  readonly personHome: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Gets every credential of a profile, and a placeholder for each. @throws RunError RUN_CREDENTIAL_UNAVAILABLE, RUN_CREDENTIAL_EXPOSED */
export async function obtainCredentials(
  profile: Profile,
  places: CredentialPlaces,
): Promise<readonly BrokeredCredential[]> {
  if (profile.credentials.length === 0) return [];
  return await Promise.all(
    profile.credentials.map(async (credential) => {
      const { name, hosts, methods, paths, always, account } = credential;
      const got = await obtain(credential, sourceFile(credential, profile, places), places.environment);
      return { ...got, name, hosts, methods, paths, always, account: new Map(Object.entries(account)) };
    }),
  );
}

async function obtain(
  credential: ProfileCredential,
  path: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<Pick<BrokeredCredential, "form" | "value" | "placeholder">> {
  const { readAwsCredential, readCredential } = await import("./credential-source.privileged.ts");
  const { form } = credential;
  if (form.kind !== "sigv4") {
    const value = await readCredential(credential, { environment, path });
    return { form, value, placeholder: placeholderFor(value) };
  }
  const { keyId, secret, token } = await readAwsCredential(credential, { environment, path });
  const replaced = (value: string) => ({ value, placeholder: placeholderFor(value) });
  const signing: CredentialForm = {
    kind: "sigv4",
    keyId: replaced(keyId),
    token: token === undefined ? undefined : replaced(token),
  };
  return { form: signing, ...replaced(secret) };
}

/** What ends SSH, where the profile names a host for it; else undefined, and nothing of it is loaded. @throws as {@link obtainCredentials} */
export async function openSshFor(profile: Profile, places: CredentialPlaces): Promise<SshGateway | undefined> {
  if (profile.ssh.length === 0) return undefined;
  const { readPrivateKey } = await import("./credential-source.privileged.ts");
  const hosts = profile.ssh.map(async ({ source, ...rules }) => {
    const named = { name: `ssh ${rules.host}`, source };
    const path = sourceFile(named, profile, places);
    return { ...rules, privateKey: await readPrivateKey(named, { environment: places.environment, path }) };
  });
  return await openSsh(await Promise.all(hosts));
}

/** The placeholders by the variables that hold them inside. */
export function placeholderVariables(
  profile: Profile,
  credentials: readonly BrokeredCredential[],
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const { name, variable } of profile.credentials) {
    const brokered = credentials.find((each) => each.name === name);
    if (variable === undefined || brokered === undefined) continue;
    variables[variable] = brokered.placeholder;
    if (brokered.form.kind !== "sigv4") continue;
    const beside = awsVariables(variable);
    variables[beside.keyId] = brokered.form.keyId.placeholder;
    // One of the person's own, passed on, would not fit to these keys.
    variables[beside.token] = brokered.form.token?.placeholder ?? "";
  }
  return variables;
}

/**
 * The launch with an environment without any credential: whatever variable holds one, under whatever name, holds its placeholder instead
 * (`GH_TOKEN` beside `GITHUB_TOKEN`, a URL with a password in it).
 */
export function withoutValues(spec: LaunchSpec, credentials: readonly BrokeredCredential[]): LaunchSpec {
  const environment = spec.command.environment.map((entry) =>
    credentials
      .flatMap(partsOf)
      .reduce((text, { value, placeholder }) => text.replaceAll(value, () => placeholder), entry),
  );
  return { ...spec, command: { ...spec.command, environment } };
}

/** The command line is what the record begins with. @throws RunError RUN_CREDENTIAL_EXPOSED */
export function refuseValuesInCommand(command: readonly string[], credentials: readonly BrokeredCredential[]): void {
  const found = credentials.find((each) =>
    partsOf(each).some(({ value }) => command.some((word) => word.includes(value))),
  );
  if (found === undefined) return;
  throw new RunError("RUN_CREDENTIAL_EXPOSED", `the command line holds the credential \`${found.name}\``, {
    remedy: "leave it out: inside, its variable holds a placeholder that works in its place",
  });
}

/** A file that the run could read would give it the credential itself. */
function sourceFile(
  { name, source }: Pick<ProfileCredential, "name" | "source">,
  profile: Profile,
  places: CredentialPlaces,
): string | undefined {
  if (source.kind !== "file") return undefined;
  const { workspace, personHome: home } = places;
  const realOf = (named: string): string => {
    const path = expand(named, { workspace, home });
    return realPathOf(path) ?? path; // who reads it says what is wrong with it
  };
  const real = realOf(source.path);
  const visible = [workspace, ...[...profile.filesystem.read, ...profile.filesystem.write].map(realOf)];
  const seen = [...visible, ...SYSTEM].find((root) => isInside(root, real));
  if (seen === undefined) return real;
  throw new RunError(
    "RUN_CREDENTIAL_EXPOSED",
    `the file of the credential \`${name}\` lies in \`${seen}\`, which the run can read`,
    {
      remedy: "keep it in your home directory, outside of what the profile shows",
    },
  );
}

/** What every run sees of the host. */
const SYSTEM = ["/usr", "/etc", "/opt"] as const;
