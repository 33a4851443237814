export { count, formatBytes, formatDuration } from "./amounts.ts";
export { BailiwickError, isErrno } from "./errors.ts";
export { askedHostRows, formatAskedHost, type AskedHost, type AskedRequest } from "./asked-host.ts";
export { parseHostName } from "./host-name.ts";
export { escapeControls, formatCommand, quoteForShell } from "./text.ts";
export { decodeOsString, encodeOsString, toWellFormed } from "./bytes.ts";
export { isRunId, makeRunId, type RunId } from "./ids.ts";
export { isJsonObject, parseJson } from "./json.ts";
export { hasLabel, isLabel, keyOfLabel, LABEL, LABEL_OR_KEY, MOST_LABELS } from "./labels.ts";
