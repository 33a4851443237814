export { NAME, OUTSIDE } from "../egress/gateway-setting.ts";
export const STREAM_BYTES = 1 << 27;
/** As a model streams text, an event for some words. */
export const EVENT = `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "some words of an answer, as they come " } })}\n\n`;
/** Answers of a hundred thousand words; no model is as fast. */
export const EVENTS = 20_000;
