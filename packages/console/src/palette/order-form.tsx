import { useState, type FormEvent, type ReactNode } from "react";
import { formatCommand } from "@bailiwick/base";
import type { RunOfServer } from "@bailiwick/control-plane/contract";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { ORDERS, type OrderName } from "./items.ts";

interface OrderFormProps {
  readonly order: OrderName;
  readonly run: RunOfServer;
  readonly onClose: () => void;
}

/** Nothing is ordered but with a reason, and by a second step. */
export function OrderForm({ order, run, onClose }: OrderFormProps): ReactNode {
  const [reason, setReason] = useState("");
  const [outcome, setOutcome] = useState<"sending" | "done" | { readonly error: unknown }>();
  const { route, label, what } = ORDERS[order];
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setOutcome("sending");
    server.call(route, { body: { scope: { type: "Run", id: run.run }, reason: reason.trim() } }).then(
      () => setOutcome("done"),
      (error: unknown) => setOutcome({ error }),
    );
  };
  return (
    <form onSubmit={send} aria-label={label}>
      <h2>{label}?</h2>
      <p>
        <code>{formatCommand(run.command, 200)}</code>
        <br />
        <span className="quiet">{`of ${run.person}@${run.host}, ${run.agent}`}</span>
      </p>
      <p>{what} Who ordered it and why is in the server’s log, and told to whose run it is.</p>
      <p>
        <label>
          Why{" "}
          <input autoFocus required maxLength={500} value={reason} onChange={({ target }) => setReason(target.value)} />
        </label>
      </p>
      <p className="answers">
        <button type="submit" disabled={reason.trim() === "" || outcome === "sending" || outcome === "done"}>
          {label}
        </button>
        <button type="button" onClick={onClose}>
          {outcome === "done" ? "Close" : "Cancel"}
        </button>
      </p>
      <p role="status">{outcome === "done" && "Ordered. The run follows as soon as its host has heard of it."}</p>
      {typeof outcome === "object" && <Problem error={outcome.error} />}
    </form>
  );
}
