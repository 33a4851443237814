export { ExportsError, type ExportsErrorCode } from "./errors.ts";
export { exportRecord, type Exported, type ExportOptions } from "./export-record.ts";
export { exportStatus, type ExportStatus } from "./export-status.ts";
export { findDestination, loadDestinations, type Destination } from "./load-config.ts";
export { pauseAfter } from "./backoff.ts";
export { deliverByPost } from "./receivers/http.ts";
export { parseWebhookSecret, signWebhook } from "./receivers/webhook.ts";
export { PRINT_FORMATS, printRecords, type PrintFormat } from "./print-records.ts";

/** The JSON Schema (draft 2020-12) of exports.toml, as published in docs/schema/exports.v1.json. */
export async function exportsJsonSchema(): Promise<Record<string, unknown>> {
  return (await import("./config.ts")).exportsJsonSchema();
}
