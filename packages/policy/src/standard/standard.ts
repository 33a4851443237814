import type { PolicySource } from "../source.ts";
import { BASE } from "./base.ts";
import { FILES } from "./files.ts";
import { GIT } from "./git.ts";
import { LEAKS } from "./leaks.ts";
import { REMOTE } from "./remote.ts";
import { SECRETS } from "./secrets.ts";
import { SYSTEM } from "./system.ts";

/**
 * The standard policies: what a run is decided by when nobody wrote others. They say early and in words what would be lost
 * or seen by others; they are not the boundary. What they can't see: `curl … | sh` (two programs that know nothing of each
 * other; what the shell starts is judged by itself), redirections, what an interpreter does with the text it is given, the
 * environment. Against all of these stand the sandbox, the closed network and the protected files.
 */
export const STANDARD_POLICIES: readonly PolicySource[] = [
  { name: "standard/base.cedar", text: BASE },
  { name: "standard/git.cedar", text: GIT },
  { name: "standard/files.cedar", text: FILES },
  { name: "standard/secrets.cedar", text: SECRETS },
  { name: "standard/system.cedar", text: SYSTEM },
  { name: "standard/remote.cedar", text: REMOTE },
  { name: "standard/leaks.cedar", text: LEAKS },
];
