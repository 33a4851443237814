import type { ReactNode } from "react";
import type { PolicyScope, PolicyVersion } from "@bailiwick/control-plane/contract";
import type { Proposal } from "@bailiwick/control-plane/contract/proposal-test";
import { Link } from "wouter";
import { whatOf } from "../approvals/use-answers.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { RowsTable } from "../rows/rows-table.tsx";
import { server } from "../server.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { scopePath, scopeText } from "./layers.ts";

interface ProposalsProps {
  readonly versions: readonly PolicyVersion[];
  /** Why who looks can't write drafts. */
  readonly hindrance: string | undefined;
}

/** What people who answered questions want policies to permit from now on: each becomes a test of a draft, so that the draft does what they wanted. */
export function Proposals({ versions, hindrance }: ProposalsProps): ReactNode {
  const { value: items, error } = useAsked("proposals", async (signal) => {
    return (await server.call("listProposals", {}, { signal })).items;
  });
  if (isForbidden(error) || items?.length === 0) return undefined;
  return (
    <section>
      <h2>Proposals</h2>
      {error !== undefined && <Problem error={error} />}
      {items !== undefined && (
        <RowsTable
          label="Proposals"
          className="proposals"
          columns={["When", "By", "To permit", "Where", "Why", "Draft"]}
          items={items}
          keyOf={({ id }) => id}
          cells={(proposal) => [
            <Time at={proposal.at} />,
            proposal.by,
            <code>{whatOf(proposal.question, 200)}</code>,
            scopeText(scopeOfProposal(proposal)),
            proposal.why ?? "",
            <Drafted proposal={proposal} drafts={versions} hindrance={hindrance} />,
          ]}
        />
      )}
    </section>
  );
}

function scopeOfProposal({ reach, question }: Proposal): PolicyScope {
  return reach === "always" ? { type: "Company", id: "company" } : { type: "Project", id: question.project };
}

interface DraftedProps {
  readonly proposal: Proposal;
  readonly drafts: readonly PolicyVersion[];
  readonly hindrance: string | undefined;
}

function Drafted({ proposal, drafts, hindrance }: DraftedProps): ReactNode {
  const draft = drafts.find((each) => each.proposal === proposal.id);
  if (draft !== undefined) return <Link href={`/policies/versions/${draft.id}`}>{draft.id}</Link>;
  if (hindrance !== undefined) return <span title={hindrance}>none</span>;
  return <Link href={`/policies/edit/${scopePath(scopeOfProposal(proposal))}?proposal=${proposal.id}`}>Begin</Link>;
}
