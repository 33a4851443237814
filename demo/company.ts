/** A company: a server by the shipped command on its embedded database, an identity provider, and people who have signed in there. */
import { isJsonObject, parseJson } from "@bailiwick/base";
import { startSignIn } from "../tests/support/company.ts";
import { setUp, type RunningServer, type SignedIn } from "../tests/support/control-plane.ts";
import { loginByDevice } from "../tests/support/device-login.ts";
import { bailiwick, makePlace, type Place } from "../tests/support/governed.ts";

const GROUPS = `[[oidc.groups]]
group = "thermometer"
team = "thermometer"
roles = ["developer"]

[[oidc.groups]]
group = "approvers"
roles = ["run-approver"]

[[oidc.groups]]
group = "security"
roles = ["responder"]
`;

/** Who works there, by their groups at the provider; what a group gives stands in the server's file. */
const PEOPLE = { robin: ["thermometer"], norbert: ["approvers"], rita: ["security"] } as const;

const NAMES = ["robin", "norbert", "rita"] as const satisfies readonly (keyof typeof PEOPLE)[];

export interface Company {
  readonly server: RunningServer;
  readonly people: Readonly<Record<(typeof NAMES)[number], Place>>;
  /** Where the owner is signed in. */
  readonly owner: SignedIn;
  close(): Promise<void>;
}

/** @param robin where the developer works */
export async function openCompany(robin: Place): Promise<Company> {
  const [room, norbert, rita] = [makePlace(), makePlace(), makePlace()];
  const places = [room, norbert, rita];
  let started: Awaited<ReturnType<typeof startSignIn>> | undefined;
  const close = async (): Promise<void> => {
    await started?.server.stop();
    await started?.provider.stop();
    for (const place of places) place.remove();
  };
  try {
    const { server, provider } = (started = await startSignIn(room, GROUPS));
    const owner = await setUp(server);
    places.push(owner.place);
    const people = { robin, norbert, rita };
    for (const name of NAMES) {
      provider.groups.set(name, PEOPLE[name]);
      const { status, stderr } = await loginByDevice(people[name], server.url, name);
      if (status !== 0) throw new Error(stderr);
    }
    return { server, people, owner, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes the machine of somebody who has signed in there one of the company's hosts. */
export async function enrolOwn(place: Place, server: RunningServer): Promise<void> {
  const id = memberOf(await textOf(place, "server", "whoami"), "id");
  const invited = await textOf(place, "server", "call", "invite", JSON.stringify({ body: { person: id } }));
  await textOf(place, "enroll", server.url, memberOf(invited, "secret"), "--json");
}

/** What a command prints. @throws Error with what it said when it failed */
export async function textOf(place: Place, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await bailiwick(place, words);
  if (status !== 0) throw new Error(`bailiwick ${words.join(" ")}: ${stderr}`);
  return stdout;
}

/** A text in a JSON object, as a command prints it; empty where there is none. */
export function memberOf(text: string, name: string): string {
  const json = parseJson(text);
  const value = isJsonObject(json) ? json[name] : undefined;
  return typeof value === "string" ? value : "";
}
