/** Batches by POST, signed as the Standard Webhooks specification 1.0.0 has it (symmetric signatures, `v1`). */
import { createHmac } from "node:crypto";
import type { ConfigOf } from "../config.ts";
import { ExportsError } from "../errors.ts";
import { readSecret } from "../secret.ts";
import { deliverByPost, loadHeaders, loadTls } from "./http.ts";
import { renderLines } from "./lines.ts";
import type { Batch, Outcome, Receiver } from "./receiver.ts";

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE, EXPORTS_CONFIG_INVALID */
export async function webhookReceiver(
  config: ConfigOf<"webhook">,
  environment: NodeJS.ProcessEnv,
): Promise<Receiver<string>> {
  const url = new URL(config.url);
  const tls = await loadTls(config);
  let credentials = await load();
  async function load() {
    const key = parseWebhookSecret(await readSecret(config.secret, "the webhook's secret", environment));
    return { key, headers: await loadHeaders(config.headers, environment) };
  }
  return {
    render: (source) => renderLines(source, config.format, config.ocsf),
    sizeOf: (record) => record.length,
    async send(batch, signal): Promise<Outcome> {
      const id = webhookId(batch);
      const timestamp = Math.floor(Date.now() / 1000);
      const body = webhookBody(batch, config.format, timestamp);
      const headers = {
        ...credentials.headers,
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": signWebhook(credentials.key, { id, timestamp, body }),
      };
      const outcome = await deliverByPost(url, body, { headers, tls, signal, judge: gone });
      // They may have been changed meanwhile.
      if (!outcome.taken) credentials = await load();
      return outcome;
    },
  };
}

/** The specification: a receiver that answers 410 wants no more, ever. */
function gone({ status }: { readonly status: number }): Outcome | undefined {
  return status === 410 ? { taken: false, again: "never", reason: "answered 410: it wants no more" } : undefined;
}

/** The same batch has the same id, whenever it is sent. */
function webhookId({ log, first, last }: Batch<string>): string {
  return `${log.replaceAll(/[^A-Za-z0-9_-]/g, "_")}_${String(first)}_${String(last)}`;
}

/** `type`, `timestamp` and `data`, the records. They are JSON already. */
function webhookBody({ records }: Batch<string>, format: string, timestamp: number): Buffer {
  const at = new Date(timestamp * 1000).toISOString();
  return Buffer.from(`{"type":"bailiwick.${format}","timestamp":"${at}","data":[${records.join(",")}]}`);
}

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE */
export function parseWebhookSecret(text: string): Buffer {
  const key = Buffer.from(SECRET.exec(text)?.[1] ?? "", "base64");
  if (key.length >= 24 && key.length <= 64) return key;
  throw new ExportsError(
    "EXPORTS_SECRET_UNAVAILABLE",
    "the webhook's secret is not `whsec_` and base 64 of 24 to 64 bytes",
    { remedy: "make one: `echo whsec_$(head -c 32 /dev/urandom | base64)`" },
  );
}

/** The value of `webhook-signature`. */
export function signWebhook(
  key: Buffer,
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: Buffer },
): string {
  const hmac = createHmac("sha256", key)
    .update(`${id}.${String(timestamp)}.`)
    .update(body);
  return `v1,${hmac.digest("base64")}`;
}
