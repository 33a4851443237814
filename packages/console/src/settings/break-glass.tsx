import { useState, type ReactNode } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked, type Asked } from "../use-asked.ts";

type Opening = AnswerOf<"listBreakGlasses">["items"][number];
const SCOPES = ["Company", "Team", "Person", "Project", "Agent", "Host", "Run"] as const;

/** In an emergency: opened with a reason, told to all owners, and over by itself. */
export function BreakGlass({ session }: { readonly session: Session }): ReactNode {
  const { actions } = session;
  const openings = useOpenings(actions);
  return (
    <section aria-label="In an emergency">
      <h2>In an emergency (break-glass)</h2>
      <p>
        Who has the role <code>break-glass</code> opens it with a reason, and for a time may what an owner may that does
        not outlast it. The owners are told at once, and all that is done meanwhile is marked in the server’s log.
      </p>
      <Open actions={actions} onDone={openings.again} />
      {openings.error !== undefined && <Problem error={openings.error} />}
      <ul className="cards" aria-label="Openings">
        {openings.value?.map((opening) => (
          <Opened key={opening.id} {...{ opening, session }} onDone={openings.again} />
        ))}
      </ul>
    </section>
  );
}

/** Of those who may see it all openings, newest first. Others are told of nobody's, and of their own when they open it. */
function useOpenings(actions: readonly string[]): Asked<readonly Opening[]> {
  const ask = async (signal: AbortSignal) => (await server.call("listBreakGlasses", { query: {} }, { signal })).items;
  return useAsked("openings", actions.includes("viewBreakGlass") ? ask : undefined);
}

function Open({ actions, onDone }: { readonly actions: readonly string[]; readonly onDone: () => void }): ReactNode {
  const [minutes, setMinutes] = useState(30);
  const [type, setType] = useState<(typeof SCOPES)[number]>("Company");
  const [id, setId] = useState("");
  const [opened, setOpened] = useState<string>();
  const end = async (): Promise<string> => {
    await server.call("endBreakGlass", { params: { opening: opened ?? "" } });
    setOpened(undefined);
    return "Ended.";
  };
  if (opened !== undefined) {
    return (
      <div className="notice">
        Open as {opened}. <Act label="End it" what={<p>You may no more than before.</p>} act={end} onDone={onDone} />
      </div>
    );
  }
  return (
    <Act
      label="Open"
      what={<p>All owners are told now that you did, and why.</p>}
      hindrance={hindranceOf(actions, "breakGlass")}
      reason="required"
      act={async (reason) => {
        const scope = { type, id: type === "Company" ? "company" : id.trim() };
        const made = await server.call("breakGlass", { body: { scope, reason, expiresInS: minutes * 60 } });
        setOpened(made.id);
        return undefined;
      }}
      onDone={onDone}
    >
      <div className="in-line">
        <label>
          For{" "}
          <select
            autoFocus
            value={type}
            onChange={({ target }) => setType(SCOPES.find((each) => each === target.value) ?? "Company")}
          >
            {SCOPES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        {type !== "Company" && (
          <label>
            called <input required maxLength={400} value={id} onChange={({ target }) => setId(target.value)} />
          </label>
        )}
        <label>
          Minutes{" "}
          <input
            type="number"
            required
            min={1}
            max={240}
            value={Number.isNaN(minutes) ? "" : minutes}
            onChange={({ target }) => setMinutes(target.valueAsNumber)}
          />
        </label>
      </div>
    </Act>
  );
}

interface OpenedProps {
  readonly opening: Opening;
  readonly session: Session;
  readonly onDone: () => void;
}

function Opened({ opening, session, onDone }: OpenedProps): ReactNode {
  const { id, person, scope, reason, at, expiresAt, endedAt, endedBy, used, refused } = opening;
  const isOpen = endedAt === undefined && expiresAt > Date.now();
  return (
    <li>
      <p>
        <strong className={isOpen ? "bad" : ""}>{isOpen ? "● open" : "over"}</strong> {person} for{" "}
        {scope.type === "Company" ? "the company" : `${scope.type} ${scope.id}`}: {reason}{" "}
        <span className="quiet">
          {id}, <Time at={at} /> until <Time at={endedAt ?? expiresAt} />
          {endedBy !== undefined && ` (ended by ${endedBy})`}; {used} rights used, {refused} refused
        </span>
      </p>
      {isOpen && (
        <Act
          label="End"
          what={<p>{person} may no more than before it was opened.</p>}
          hindrance={person === session.id ? undefined : hindranceOf(session.actions, "grantRole")}
          act={async () => {
            await server.call("endBreakGlass", { params: { opening: id } });
            return "Ended.";
          }}
          onDone={onDone}
        />
      )}
    </li>
  );
}
