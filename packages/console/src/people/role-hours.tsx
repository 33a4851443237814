/** The hours in which somebody has a role: days, from when to when, in which zone. */
import type { ReactNode } from "react";
import { DAYS } from "./grant-text.ts";

export interface Hours {
  /** 1 (Monday) to 7; none: at any time. */
  readonly days: readonly number[];
  readonly from: string;
  readonly to: string;
  readonly zone: string;
}

/** In the zone of whoever looks, which they see and may change. */
export function noHours(): Hours {
  return { days: [], from: "09:00", to: "17:00", zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

export function RoleHours({
  hours,
  onChange,
}: {
  readonly hours: Hours;
  readonly onChange: (hours: Hours) => void;
}): ReactNode {
  const { days, from, to, zone } = hours;
  const toggle = (day: number, on: boolean): void =>
    onChange({ ...hours, days: [...days.filter((each) => each !== day), ...(on ? [day] : [])].sort() });
  return (
    <fieldset>
      <legend>only in these hours</legend>
      {DAYS.map((name, index) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={days.includes(index + 1)}
            onChange={({ target }) => toggle(index + 1, target.checked)}
          />{" "}
          {name}
        </label>
      ))}
      {days.length > 0 && (
        <>
          <label>
            begin{" "}
            <input
              required
              type="time"
              value={from}
              onChange={({ target }) => onChange({ ...hours, from: target.value })}
            />
          </label>
          <label>
            end{" "}
            <input
              required
              type="time"
              value={to}
              onChange={({ target }) => onChange({ ...hours, to: target.value })}
            />
          </label>
          <label>
            zone{" "}
            <input
              required
              maxLength={64}
              value={zone}
              onChange={({ target }) => onChange({ ...hours, zone: target.value })}
            />
          </label>
        </>
      )}
    </fieldset>
  );
}
