/** What draws the picture of a recording, and reads its lines: browsers load it too, so it needs nothing of Node. */
export { parseEvent, parseHeader, parseSize, type CastEvent, type CastHeader } from "../asciicast.ts";
export { Player, type Played } from "../player.ts";
export type { Run, Screen } from "../screen.ts";
