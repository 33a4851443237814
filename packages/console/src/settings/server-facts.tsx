import type { ReactNode } from "react";
import { count } from "@bailiwick/base";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { isForbidden, Problem } from "../problem.tsx";
import { Act } from "../acts/act.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";

const SIGN_IN = {
  provider: "an identity provider",
  passkeys: "passkeys, by invitation",
  tokens: "tokens alone: public-url is not set, so no browser signs in",
} as const;

/** What the server is, and where it tells people. */
export function ServerFacts({ session }: { readonly session: Session }): ReactNode {
  const { value, error } = useAsked("server", (signal) => server.call("showServer", {}, { signal }));
  const checkpoint = useAsked("checkpoint", async (signal) => {
    const bytes = await server.call("serverLog", { params: { file: "checkpoint" } }, { signal });
    return new TextDecoder().decode(bytes);
  });
  return (
    <section aria-label="The server">
      <h2>The server</h2>
      {error !== undefined && <Problem error={error} />}
      {value !== undefined && <Facts {...value} />}
      {isForbidden(checkpoint.error) && <p>The newest checkpoint of its log takes the right viewServerLog to see.</p>}
      {checkpoint.value !== undefined && (
        <>
          <h3>The newest checkpoint of its log</h3>
          <pre tabIndex={0}>{checkpoint.value}</pre>
          <p>
            <Link href="/audit">What the log says, and its proofs</Link>
          </p>
        </>
      )}
      <Notifications session={session} />
    </section>
  );
}

function Facts(facts: AnswerOf<"showServer">): ReactNode {
  const { version, publicUrl, logKey, witnessKey, signIn, issuer, idleMinutes, sessionHours, dualControl } = facts;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["Version", version],
    ["Address", publicUrl ?? location.origin],
    ["People sign in by", issuer === undefined ? SIGN_IN[signIn] : `${SIGN_IN[signIn]}: ${issuer}`],
    [
      "Sessions",
      `${String(sessionHours)} hours; a browser that asks nothing for ${String(idleMinutes)} minutes is out`,
    ],
    ["Key of its log", <code>{logKey}</code>],
    ["Key as a witness", <code>{witnessKey}</code>],
    [
      "More than one person",
      dualControl.length === 0
        ? "nothing has to be wanted by more than one"
        : dualControl
            .map(({ action, on, people, minutes }) => {
              const where = on === undefined ? "" : ` on ${on}`;
              return `${action}${where}: ${String(people)} people within ${String(minutes)} minutes`;
            })
            .join("; "),
    ],
  ];
  return (
    <dl className="server-facts">
      {rows.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

type Receiver = AnswerOf<"listNotify">["items"][number];

function Notifications({ session: { actions } }: { readonly session: Session }): ReactNode {
  const isPermitted = actions.includes("manageNotify");
  const ask = async (signal: AbortSignal) => (await server.call("listNotify", {}, { signal })).items;
  const { value, error, again } = useAsked("notify", isPermitted ? ask : undefined);
  if (!isPermitted) return undefined;
  return (
    <>
      <h3>Where people are told</h3>
      {error !== undefined && <Problem error={error} />}
      {value?.length === 0 && (
        <p>
          Nowhere but here: there is no <code>[[notify]]</code> in the server’s file.
        </p>
      )}
      <ul className="cards" aria-label="Where people are told">
        {value?.map((receiver) => (
          <Told key={`${receiver.name} ${receiver.to ?? ""}`} receiver={receiver} onDone={again} />
        ))}
      </ul>
    </>
  );
}

function Told({ receiver, onDone }: { readonly receiver: Receiver; readonly onDone: () => void }): ReactNode {
  const { name, format, to, about, taken, failed, givenUp, failure, failedAt, takenAt, waiting, failing } = receiver;
  const isFailing = failing > 0 || (failedAt ?? 0) > (takenAt ?? 0);
  return (
    <li>
      <p>
        <strong className={isFailing ? "bad" : ""}>{isFailing ? "✕" : "✓"}</strong> {name} ({format}
        {to !== undefined && ` to ${to}`}): {about.join(", ")}{" "}
        <span className="quiet">
          {`${String(taken)} taken, ${String(failed)} failed, ${String(givenUp)} given up, ${String(waiting)} wait`}
          {takenAt !== undefined && (
            <>
              ; taken <Time at={takenAt} />
            </>
          )}
          {failedAt !== undefined && (
            <>
              ; failed <Time at={failedAt} />: {failure}
            </>
          )}
        </span>
      </p>
      <Act
        label="Test"
        what={<p>A message that says that it is a test goes there; of mail to people, to you alone.</p>}
        act={async () => {
          const { messages } = await server.call("testNotify", { params: { notify: name } });
          return `${count(messages, "message")} on the way.`;
        }}
        onDone={onDone}
      />
    </li>
  );
}
