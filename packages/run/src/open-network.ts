import {
  createGateway,
  leakFacts,
  publishPort,
  type GatewayOptions,
  type Inspection,
  type NetworkRules,
  type SshGateway,
} from "@bailiwick/egress";
import { NO_LEAK, type Decision, type LeakFacts, type RunFacts } from "@bailiwick/policy";
import type { Profile, Sandbox } from "@bailiwick/sandbox";
import type { HostEvents } from "./host-events.ts";
import type { HostQuestions } from "./host-questions.ts";
import type { KnownPrograms } from "./known-programs.ts";
import type { RunLeaks } from "./run-leaks.ts";
import type { Releases } from "./releases.ts";

/** What of a run the network is made from. */
export interface NetworkParts {
  readonly sandbox: Sandbox;
  readonly rules: NetworkRules;
  readonly never: GatewayOptions["never"];
  readonly leaks: RunLeaks;
  readonly facts: RunFacts;
  readonly profile: Profile;
  readonly publish: readonly number[];
  readonly inspection: Inspection | undefined;
  readonly ssh: SshGateway | undefined;
}

export interface Network {
  /** Over all connections, both ways. */
  bytesPassed(): number;
}

/** Opens the only way out: the gateway over the sandbox's sockets, and the published ports. */
export async function openNetwork(
  ready: NetworkParts,
  {
    hosts,
    questions,
    programs,
    releases,
  }: { hosts: HostEvents; questions: HostQuestions; programs: KnownPrograms; releases: Releases },
): Promise<Network> {
  const { sandbox, rules, never, leaks, facts: run, profile, publish, inspection, ssh } = ready;
  const moment = (): { timeMs: number; approved: boolean } => ({
    timeMs: Date.now(),
    approved: false,
  });
  const gateway = createGateway({
    dns: sandbox.dns,
    listeners: sandbox.listeners,
    rules,
    never,
    decide: (host, port, caller) => {
      const ask = (leak: LeakFacts): Decision | Promise<Decision> =>
        questions.connect({ action: "connect", run, host, port, leak, ...moment() }, caller);
      // A name that the profile has as it is can't carry anything, and none leaves while it is only being resolved.
      if (port === 0 || rules.allow.some(({ name }) => name === host))
        return ask({ ...NO_LEAK, toModel: leaks.isModel(host) });
      return leaks.name(host).then((found) => ask(leakFacts(found, leaks.isModel(host))));
    },
    decideRequest: (question, sent) => {
      const program = programs.of(sent.exec)?.path ?? "";
      return questions.request({ action: "httpRequest", run, ...question, program, ...moment() }, sent);
    },
    inspection,
    ssh,
    profileDigest: profile.digest,
    findOwner: (ends) => sandbox.findOwner(ends),
    observer: hosts,
  });
  releases.add(async () => {
    await gateway.close();
  });
  for (const port of publish) {
    const publication = await publishPort({ port, connectInside: (inside) => sandbox.connectInside(inside) });
    releases.add(async () => {
      await publication.close();
    });
  }
  return { bytesPassed: () => gateway.bytesPassed() };
}
