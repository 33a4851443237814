import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { useAsked, type Asked } from "../use-asked.ts";

export type Person = AnswerOf<"listPeople">["items"][number];
export type Team = AnswerOf<"listTeams">["items"][number];
export type Role = AnswerOf<"listRoles">["items"][number];
export type Grant = AnswerOf<"listGrants">["items"][number];
export type Token = AnswerOf<"listTokens">["items"][number];

export interface Known {
  readonly people: readonly Person[];
  readonly teams: readonly Team[];
  readonly roles: readonly Role[];
  readonly grants: readonly Grant[];
  readonly tokens: readonly Token[];
}

/** What parts of a person's page are given. */
export interface OfPersonProps {
  readonly session: Session;
  readonly person: Person;
  readonly known: Known;
  readonly onDone: () => void;
}

/** All that the right to see people (viewPeople) shows. */
export function useKnownPeople(): Asked<Known> {
  return useAsked("people", async (signal) => {
    const [people, teams, roles, grants, tokens] = await Promise.all([
      server.call("listPeople", {}, { signal }),
      server.call("listTeams", {}, { signal }),
      server.call("listRoles", {}, { signal }),
      server.call("listGrants", {}, { signal }),
      server.call("listTokens", {}, { signal }),
    ]);
    return {
      people: people.items,
      teams: teams.items,
      roles: roles.items,
      grants: grants.items,
      tokens: tokens.items,
    };
  });
}
