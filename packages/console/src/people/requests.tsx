import type { ReactNode } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { Act } from "../acts/act.tsx";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";

type Request = AnswerOf<"listRequests">["items"][number];

/** What more than one person has to want, and waits: of oneself, and what one might do oneself. Nothing is shown where nothing waits. */
export function Requests({ session }: { readonly session: Session }): ReactNode {
  const { value, error, again } = useAsked("requests", (signal) => server.call("listRequests", {}, { signal }));
  if (error !== undefined) return <Problem error={error} />;
  if (value === undefined || value.items.length === 0) return undefined;
  return (
    <section aria-label="Waiting for others">
      <h2>Waiting for somebody else to want it, too</h2>
      <ul className="cards">
        {value.items.map((request) => (
          <Waiting key={request.id} {...{ request, session }} onDone={again} />
        ))}
      </ul>
    </section>
  );
}

interface WaitingProps {
  readonly request: Request;
  readonly session: Session;
  readonly onDone: () => void;
}

function Waiting({ request, session, onDone }: WaitingProps): ReactNode {
  const { id, by, action, resource, given, at, expiresAt, needs, confirmedBy } = request;
  const params = { request: id };
  const own = by === session.id ? "somebody else has to: you wanted it" : undefined;
  const has = confirmedBy.includes(session.id) ? "you have confirmed it" : undefined;
  const what = (
    <p>
      {by} wants {action} on {resource.type} {resource.id}: <code>{JSON.stringify(given).slice(0, 1_000)}</code>
    </p>
  );
  return (
    <li>
      {what}
      <p className="quiet">
        {id}, <Time at={at} />, until <Time at={expiresAt} />; {String(1 + confirmedBy.length)} of {needs} people want
        it
      </p>
      <Act
        label="Confirm"
        what={<>{what}It is done as soon as enough people want it.</>}
        hindrance={own ?? has}
        act={async () => {
          const said = await server.call("confirmRequest", { params });
          return said.done ? "Done." : `${String(said.has)} of ${String(said.needs)} people want it.`;
        }}
        onDone={onDone}
      />
      <Act
        label="Reject"
        what={what}
        act={async () => {
          await server.call("rejectRequest", { params });
          return "Rejected.";
        }}
        onDone={onDone}
      />
    </li>
  );
}
