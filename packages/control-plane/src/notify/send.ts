/** Sends what is told, in its receiver's form and by its receiver's way. */
import { deliverByPost, signWebhook } from "@bailiwick/exports";
import { isMailAddress } from "./addresses.ts";
import type { Notify } from "./config.ts";
import { mailOf } from "./mail.ts";
import { postBody, type Told } from "./message.ts";
import { sendMail, type Outcome } from "./send-mail.privileged.ts";
import type { Smtp } from "./smtp.ts";

export interface Sending {
  /** There where something is told by mail. */
  readonly smtp: Smtp | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** @param id the same whenever the same is sent to the same @throws the signal's reason when that is aborted */
export async function send(
  { smtp, now, signal }: Sending,
  { target, format }: Notify,
  { id, told }: { readonly id: string; readonly told: Told },
): Promise<Outcome> {
  if (target.by === "mail" || format === "mail") {
    const address = target.by === "mail" ? (target.address ?? told.to?.email) : undefined;
    if (address === undefined || smtp === undefined) return never("the directory has no address of theirs");
    if (!isMailAddress(address)) return never("what the directory has of theirs is no address");
    return await sendMail(smtp, await mailOf(told, { from: smtp.from, address, id }), signal);
  }
  const at = now();
  const timestamp = Math.floor(at / 1000);
  const body = postBody(format, told, at);
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    ...(target.key !== undefined && { "webhook-signature": signWebhook(target.key, { id, timestamp, body }) }),
  };
  return await deliverByPost(target.url, body, { headers, tls: {}, signal });
}

function never(reason: string): Outcome {
  return { taken: false, again: "never", reason };
}
