import { useState, type FormEvent, type ReactNode } from "react";
import type { Pool } from "@bailiwick/control-plane/contract";
import { Link, useLocation } from "wouter";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { useAsked } from "../use-asked.ts";

/** What one may have run: a pool, what it is for, and what the agent is told. */
export function SubmitForm(): ReactNode {
  const { value: pools, error } = useAsked(
    "pools",
    async (signal) => (await server.call("listPools", {}, { signal })).items,
  );
  if (error !== undefined) return <Problem error={error} />;
  if (pools === undefined) return null;
  if (pools.length === 0) {
    return (
      <p className="empty">
        There is no pool that you may see. Somebody with the right managePools makes one:{" "}
        <code>bailiwick server call putPool</code>
      </p>
    );
  }
  return <Form pools={pools} />;
}

function Form({ pools }: { readonly pools: readonly Pool[] }): ReactNode {
  const [, navigate] = useLocation();
  const [poolId, setPoolId] = useState(pools[0]?.id ?? "");
  const [sent, setSent] = useState<"sending" | { readonly error: unknown }>();
  const pool = pools.find(({ id }) => id === poolId);
  const send = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    const revision = text("revision");
    const body = {
      ...{ agent: text("agent"), profile: text("profile"), repository: text("repository"), prompt: text("prompt") },
      ...(revision !== "" && { revision }),
      timeoutS: Number(text("minutes")) * 60,
    };
    setSent("sending");
    server.call("submitTask", { params: { pool: poolId }, body }).then(
      ({ id }) => navigate(`/tasks/${id}`),
      (error: unknown) => setSent({ error }),
    );
  };
  return (
    <form className="submit" onSubmit={send} aria-label="Submit a task">
      <label>
        What the agent is to do
        <textarea name="prompt" rows={5} maxLength={16_384} required autoFocus />
      </label>
      <label>
        Pool
        <select name="pool" value={poolId} onChange={({ target }) => setPoolId(target.value)}>
          {pools.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <label>
        Repository (in {pool?.repositories.join(", ") ?? "none"})
        <input key={poolId} name="repository" required maxLength={500} defaultValue={pool?.repositories[0]} />
      </label>
      <label>
        Branch, tag or commit (the repository’s own, if none is named)
        <input name="revision" maxLength={200} />
      </label>
      <Choice label="Agent" name="agent" values={pool?.agents ?? []} />
      <Choice label="Profile" name="profile" values={pool?.profiles ?? []} />
      <label>
        Minutes at most
        <input name="minutes" type="number" min={1} max={1_440} defaultValue={60} required />
      </label>
      <p className="answers">
        <button type="submit" disabled={sent === "sending"}>
          Submit
        </button>
        <Link href="/tasks">Back to the tasks</Link>
      </p>
      {typeof sent === "object" && <Problem error={sent.error} />}
    </form>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly values: readonly string[];
}

function Choice({ label, name, values }: ChoiceProps): ReactNode {
  return (
    <label>
      {label}
      <select name={name} required>
        {values.map((value) => (
          <option key={value}>{value}</option>
        ))}
      </select>
    </label>
  );
}
