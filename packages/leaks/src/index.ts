export type { BodyScanner } from "./body-scanner.ts";
export { CodeIndex } from "./code-index.ts";
export { LeakWatch, type LeakWatchOptions } from "./leak-watch.ts";
export type { Leak, LeakKind } from "./text-scanner.ts";
