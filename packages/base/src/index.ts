export { BailiwickError, isErrno } from "./errors.ts";
export { escapeControls, formatCommand, quoteForShell } from "./text.ts";
export { decodeOsString, encodeOsString, toWellFormed } from "./bytes.ts";
export { isRunId, makeRunId, type RunId } from "./ids.ts";
