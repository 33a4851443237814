import { useState, type ReactNode } from "react";
import { Act, ShownOnce } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { server } from "../server.ts";
import { Time } from "../time.tsx";
import type { OfPersonProps, Token } from "./use-people.ts";

const DAY_S = 86_400;

/** What acts for somebody beside their browsers. */
export function Tokens({
  session: { actions },
  person,
  tokens,
  onDone,
}: Omit<OfPersonProps, "known"> & { readonly tokens: readonly Token[] }): ReactNode {
  const now = Date.now();
  const counting = tokens.filter(({ revokedAt, expiresAt }) => revokedAt === undefined && expiresAt > now);
  return (
    <section>
      <h2>Tokens</h2>
      {counting.length === 0 && (
        <p className="empty">None that counts. A token acts for its person, for what it was made for.</p>
      )}
      <ul className="cards" aria-label="Tokens">
        {counting.map(({ id, name, actions: of, createdAt, expiresAt, lastUsedAt }) => (
          <li key={id}>
            <p>
              <strong>{name}</strong> {of === undefined ? "all that its person may (signed in)" : of.join(", ")}{" "}
              <span className="quiet">
                {id}, made <Time at={createdAt} />, until <Time at={expiresAt} />
                {lastUsedAt !== undefined && (
                  <>
                    , used <Time at={lastUsedAt} />
                  </>
                )}
              </span>
            </p>
            <Act
              label="End"
              what={<p>The token {name} is worth nothing from then on.</p>}
              hindrance={hindranceOf(actions, "managePeople")}
              act={async () => {
                await server.call("revokeToken", { params: { token: id } });
                return "Ended.";
              }}
              onDone={onDone}
            />
          </li>
        ))}
      </ul>
      {person.active && <MakeToken {...{ actions, onDone }} person={person.id} />}
    </section>
  );
}

interface MakeTokenProps {
  readonly actions: readonly string[];
  readonly person: string;
  readonly onDone: () => void;
}

function MakeToken({ actions, person, onDone }: MakeTokenProps): ReactNode {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [days, setDays] = useState(30);
  return (
    <Act
      label="Make a token"
      what={
        <p>
          Whoever has it acts as {person}, for these actions alone, as far as {person} may do them.
        </p>
      }
      hindrance={hindranceOf(actions, "issueToken")}
      act={async () => {
        if (chosen.length === 0) throw new Error("it is for nothing yet: choose at least one action");
        const body = { name, actions: [...chosen], expiresInS: days * DAY_S };
        const { secret } = await server.call("issueToken", { params: { person }, body });
        return <ShownOnce label="Token" secret={secret} />;
      }}
      onDone={onDone}
    >
      <div className="in-line">
        <label>
          For what{" "}
          <input
            autoFocus
            required
            maxLength={200}
            placeholder="nightly report"
            value={name}
            onChange={({ target }) => setName(target.value)}
          />
        </label>
        <label>
          Days{" "}
          <input
            type="number"
            required
            min={1}
            max={366}
            value={Number.isNaN(days) ? "" : days}
            onChange={({ target }) => setDays(target.valueAsNumber)}
          />
        </label>
        <label>
          Actions{" "}
          <select
            multiple
            size={8}
            value={chosen}
            onChange={({ target }) => setChosen([...target.selectedOptions].map(({ value }) => value))}
          >
            {actions.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
    </Act>
  );
}
