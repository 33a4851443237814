export { NAME, OUTSIDE } from "./gateway-setting.ts";
export const STREAM_BYTES = 1 << 30;
