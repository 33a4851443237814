import { useState, type ReactNode } from "react";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { server } from "../server.ts";
import type { OfPersonProps } from "./use-people.ts";

export function PersonTeams({ session: { id: who, actions }, person, known, onDone }: OfPersonProps): ReactNode {
  const others = known.teams.filter(({ id }) => !person.teams.includes(id));
  const [chosen, setChosen] = useState<string>();
  const team = chosen ?? others[0]?.id ?? "";
  const manage = hindranceOf(actions, "managePeople");
  const own = who === person.id ? "nobody gives themselves a role, nor by a team" : undefined;
  return (
    <section>
      <h2>Teams</h2>
      {person.teams.length === 0 && <p className="empty">In none. What a team may do, everybody in it may.</p>}
      <ul className="cards" aria-label="Teams">
        {person.teams.map((id) => (
          <li key={id}>
            <p>{id}</p>
            <Act
              label="Take out"
              what={
                <p>
                  {person.id} loses what team {id} may. What the company’s directory or identity provider says comes
                  back with it.
                </p>
              }
              hindrance={manage}
              act={async () => {
                await server.call("leaveTeam", { params: { team: id, person: person.id } });
                return "Taken out.";
              }}
              onDone={onDone}
            />
          </li>
        ))}
      </ul>
      {person.active && others.length > 0 && (
        <Act
          label="Put into a team"
          what={<p>{person.id} may what the team may.</p>}
          hindrance={own ?? manage}
          act={async () => {
            await server.call("joinTeam", { params: { team, person: person.id } });
            return `In ${team}.`;
          }}
          onDone={onDone}
        >
          <p>
            <label>
              Team{" "}
              <select autoFocus value={team} onChange={({ target }) => setChosen(target.value)}>
                {others.map(({ id }) => (
                  <option key={id}>{id}</option>
                ))}
              </select>
            </label>
          </p>
        </Act>
      )}
    </section>
  );
}
