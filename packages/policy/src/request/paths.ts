/** The absolute form of a path as written, by its text alone: no `.`, `..`, doubled or trailing slash. Links are not followed. */
export function resolvePath(path: string, cwd: string): string {
  let parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
    // `/proc/self/root/etc` is `/etc` (bypass 17), `/proc/self/cwd/..` is `..`.
    if (parts.length === 3 && parts[0] === "proc" && /^(self|thread-self|\d+)$/.test(parts[1] ?? "")) {
      if (part === "root") parts = [];
      if (part === "cwd") parts = cwd.split("/").filter((each) => each !== "");
    }
  }
  return `/${parts.join("/")}`;
}

/** A path is at most this long (PATH_MAX); the kernel opens nothing longer. */
const PATH_MAX = 4096;

/**
 * What in an argument may name a file: an operand as it is, an option's value, and what follows `=`, `:`, `,` or `@`
 * (`if=/dev/sda`, `host:/path`, `@file`, `source=/,target=/host`). Too many rather than too few.
 */
export function pathCandidates(argument: string, isOption: boolean): readonly string[] {
  const found: string[] = [];
  if (!isOption) found.push(argument);
  else if (argument.includes("/")) found.push(argument.slice(argument.indexOf("/"))); // -I/usr/include
  if (/[=:,@]/.test(argument)) found.push(...argument.split(/[=:,@]/).slice(isOption ? 1 : 0));
  return found.filter((text) => text !== "" && text.length <= PATH_MAX && !text.includes("\n"));
}

/** Every component of a path, and every two and three neighbouring ones joined by `/`. */
export function pathParts(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.flatMap((_, index) => [1, 2, 3].map((count) => parts.slice(index, index + count).join("/")));
}

const SYSTEM =
  /^\/(bin|boot|dev|etc|lib|lib32|lib64|libx32|opt|proc|run|sbin|srv|sys|usr|var|System|Library|Applications)(\/|$)/;
const HARMLESS =
  /^\/(dev\/(null|zero|full|random|urandom|tty|stdin|stdout|stderr|fd|shm|pts|ptmx)|var\/tmp|run\/user)(\/|$)/;
const HOME = /^(\/root|\/home|\/Users|\/(home|Users)\/[^/]+)$/;

/** The kinds of place that an absolute path is: the thing itself, except `system` and `device`, which hold for everything in it. */
export function placesOf(path: string, workspace: string): readonly string[] {
  const places: string[] = [];
  if (path === "/") places.push("root");
  if (HOME.test(path)) places.push("home");
  if (path === workspace) places.push("workspace");
  else if (path === "/" || workspace.startsWith(`${path}/`)) places.push("above-workspace");
  if (SYSTEM.test(path) && !HARMLESS.test(path)) {
    places.push("system");
    if (path.startsWith("/dev/")) places.push("device");
  }
  return places;
}
