import { useState, type ReactNode } from "react";
import { Act, ShownOnce } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { server } from "../server.ts";
import { Time } from "../time.tsx";
import type { OfPersonProps } from "./use-people.ts";

/** How somebody comes in, and how they are out. */
export function PersonActs({ session: { id: who, actions }, person, known, onDone }: OfPersonProps): ReactNode {
  const { id } = person;
  const params = { person: id };
  const manage = hindranceOf(actions, "managePeople");
  const issue = hindranceOf(actions, "issueToken");
  const isOwner = known.grants.some(({ role, to }) => role === "owner" && to.id === id);
  const owner = isOwner ? "take the role owner away first" : undefined;
  return (
    <section className="acts" aria-label="Access">
      <Act
        label="Invite"
        what={
          <p>
            Makes an address at which {id} makes a passkey, once, within a day, and is signed in from then on. Give it
            to {id} alone. Only where no identity provider signs people in.
          </p>
        }
        hindrance={issue}
        act={async () => {
          const { url, expiresAt } = await server.call("invitePerson", { params, body: {} });
          return (
            <>
              <ShownOnce label="Invitation" secret={url} /> until <Time at={expiresAt} />
            </>
          );
        }}
      />
      <Act
        label="Remove passkeys"
        what={<p>All passkeys of {id}, who has lost them. Their browsers are signed out.</p>}
        hindrance={id === who ? "your own you remove at /passkeys" : issue}
        act={async () => {
          await server.call("removePasskeys", { params });
          return "Removed.";
        }}
        onDone={onDone}
      />
      <Act
        label="End sessions"
        what={
          <p>
            {id} is signed out everywhere. Tokens that were made for something stay, and {id} may sign in again.
          </p>
        }
        hindrance={manage}
        act={async () => {
          await server.call("endSessions", { params });
          return "Signed out.";
        }}
        onDone={onDone}
      />
      <EndAccess id={id} hindrance={owner ?? manage} kill={hindranceOf(actions, "killRun")} onDone={onDone} />
    </section>
  );
}

interface EndAccessProps extends Pick<OfPersonProps, "onDone"> {
  readonly id: string;
  readonly hindrance: string | undefined;
  /** Why who looks can't end runs. */
  readonly kill: string | undefined;
}

function EndAccess({ id, hindrance, kill, onDone }: EndAccessProps): ReactNode {
  const [endRuns, setEndRuns] = useState(false);
  return (
    <Act
      label="End access"
      what={
        <p>
          {id} loses at once sessions, passkeys, tokens and hosts, and within five seconds what they watch. What they
          did stays. Runs that go on at their hosts are no longer heard of here: end them, where that matters.
        </p>
      }
      hindrance={hindrance}
      act={async () => {
        await server.call("endPerson", { params: { person: id }, query: { endRuns: endRuns ? "true" : "false" } });
        return "Ended.";
      }}
      onDone={onDone}
    >
      <label>
        <input
          type="checkbox"
          checked={endRuns}
          disabled={kill !== undefined}
          onChange={({ target }) => setEndRuns(target.checked)}
        />{" "}
        end the runs of their hosts, too, whenever these hear of it
      </label>
      {kill !== undefined && <span className="quiet">{kill}</span>}
    </Act>
  );
}
