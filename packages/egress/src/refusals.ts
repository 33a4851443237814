import { escapeControls } from "@bailiwick/base";
import type { Decision } from "@bailiwick/policy";

/** The policy that a refusal by the profile carries in place of a Cedar `@id`. */
const PROFILE_POLICY = "profile:network";

/** Why the gateway itself refuses, in words for the agent and the person: one sentence, and what to do instead. */
export interface Refusal {
  readonly reason: string;
  readonly instead: string | undefined;
}

/** The gateway's refusal as a decision: the profile does not provide for what was asked. */
export function profileDecision(refusal: Refusal, profileDigest: string): Decision {
  return {
    outcome: "deny",
    policies: [PROFILE_POLICY],
    reason: refusal.reason,
    instead: refusal.instead,
    approver: undefined,
    policyDigest: profileDigest,
    scope: "exact",
    failure: undefined,
  };
}

/** Deciding failed: that refuses, and says why. */
export function failedDecision(host: string, error: unknown, profileDigest: string): Decision {
  const failure = escapeControls(error instanceof Error ? error.message : String(error));
  return {
    ...profileDecision(
      { reason: `whether \`${host}\` may be reached could not be decided`, instead: undefined },
      profileDigest,
    ),
    policies: [],
    scope: "once",
    failure,
  };
}

/** A name as it can be shown: what came from inside may hold anything. */
export function showName(name: string): string {
  return escapeControls(name).slice(0, 253);
}

export const refusals = {
  nameNotAllowed: (name: string): Refusal => ({
    reason: `the profile has no rule for \`${name}\``,
    instead: `if it is needed, ask for \`allow = ["${name}:443"]\` under \`[network]\` in the profile`,
  }),
  controlPlane: (name: string, port: number): Refusal => ({
    reason: `\`${name}:${String(port)}\` is the server that this host is enrolled at, which no run may reach`,
    instead: "nothing inside a run speaks to it; ask the person who started the run",
  }),
  notAName: (name: string): Refusal => ({
    reason: `\`${name}\` is not a host name`,
    instead:
      "use a name of letters, digits, `-` and `_`; addresses are not reachable, only names that the profile lists",
  }),
  reverseLookup: (name: string): Refusal => ({
    reason: `addresses are not turned into names: \`${name}\``,
    instead: "connect by name; turn off the client's reverse lookups if they are in the way",
  }),
  recordNotServed: (name: string, type: string): Refusal => ({
    reason: `only addresses of \`${name}\` are answered, not its ${type} records`,
    instead: "connect to the host by its name; nothing else of the domain name system is reachable",
  }),
  bookFull: (name: string): Refusal => ({
    reason: `too many names have open connections for \`${name}\` to get an address`,
    instead: "close connections and ask again",
  }),
  addressWithoutName: (address: string, port: number): Refusal => ({
    reason: `\`${address}:${String(port)}\` stands for no name that was resolved in this run`,
    instead: "connect by name: every connection outside is made to a name that the profile lists",
  }),
  portNotAllowed: (name: string, port: number, ports: readonly number[]): Refusal => ({
    reason: `the profile lets \`${name}\` be reached at ${ports.length === 0 ? "no port" : `port ${ports.join(", ")}`}, not at ${String(port)}`,
    instead: `if it is needed, ask for \`allow = ["${name}:${String(port)}"]\` under \`[network]\` in the profile`,
  }),
  addressNotPublic: (name: string, address: string, what: string): Refusal => ({
    reason: `\`${name}\` resolves to \`${address}\`, ${what}, and the profile does not name that address`,
    instead: `if it is meant, ask for \`"${name}" = "${address}"\` under \`[network.hosts]\` in the profile`,
  }),
  serverNameMissing: (name: string): Refusal => ({
    reason: `TLS to \`${name}\` without a server name (SNI): which host is meant cannot be seen`,
    instead: `connect with the server name \`${name}\``,
  }),
  serverNameDiffers: (name: string, serverName: string): Refusal => ({
    reason: `TLS to \`${name}\` asks for the server name \`${showName(serverName)}\``,
    instead: `connect to \`${showName(serverName)}\` by its own name, if the profile lists it`,
  }),
  serverNameHidden: (name: string): Refusal => ({
    reason: `TLS to \`${name}\` with an encrypted ClientHello: which host is meant cannot be seen`,
    instead: "turn Encrypted Client Hello off (Chromium: `--disable-features=EncryptedClientHello`)",
  }),
  helloMalformed: (name: string, what: string): Refusal => ({
    reason: `TLS to \`${name}\` with a ClientHello that cannot be read: ${what}`,
    instead: "use a current TLS client",
  }),
  unrecorded: (): Refusal => ({
    reason: "the record of this run cannot be written, and nothing is sent that is not in it",
    instead: "make room on the disk of the record, and start the run again",
  }),
  tooManyConnections: (limit: number): Refusal => ({
    reason: `more than ${String(limit)} connections at once`,
    instead: "close connections before opening more",
  }),
} as const;
