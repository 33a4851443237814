import { access } from "./access.ts";
import { accounts } from "./accounts.ts";
import { breakGlasses } from "./break-glass.ts";
import { delegations } from "./delegations.ts";
import { evidence } from "../evidence/routes.ts";
import type { RouteName } from "../../contract/routes.ts";
import type { Handler, Handlers, Server } from "./handler.ts";
import { hosts } from "./hosts.ts";
import { links } from "./links.ts";
import { notify } from "./notify.ts";
import { orders } from "./orders.ts";
import { leaving } from "./end-person.ts";
import { people } from "./people.ts";
import { passkeys } from "./passkeys.ts";
import { proofRoutes } from "./proof-routes.ts";
import { policies } from "../policies/routes.ts";
import { report } from "./report.ts";
import { recordings } from "../recordings/routes.ts";
import { requestsBy, type Perform } from "./requests.ts";
import { questions } from "./questions.ts";
import { runs } from "./runs.ts";
import { search } from "./search.ts";
import { scim } from "../scim/routes.ts";
import { serverFacts } from "./server-facts.ts";
import { sessions } from "./sessions.ts";
import { signIns } from "./sign-ins.ts";
import { tasks } from "../fleet/routes.ts";
import { tokens } from "./tokens.ts";

/** All of them: the type knows when one is missing. */
export const HANDLERS: Handlers = {
  ...requestsBy(perform),
  ...access,
  ...accounts,
  ...breakGlasses,
  ...delegations,
  ...evidence,
  ...hosts,
  ...links,
  ...notify,
  ...orders,
  ...passkeys,
  ...people,
  ...leaving,
  ...policies,
  ...proofRoutes,
  ...questions,
  ...recordings,
  ...report,
  ...runs,
  ...search,
  ...scim,
  ...serverFacts,
  ...sessions,
  ...signIns,
  ...tasks,
  ...tokens,
};

/** Of a request that waited: its params and body were read by the route's schema when it was made. */
async function perform(server: Server, { route, given, caller }: Parameters<Perform>[1]): Promise<void> {
  // INVARIANT(parsed): see answerKnown.
  const handler = HANDLERS[route] as Handler<RouteName>;
  const request: unknown = {
    ...given,
    query: undefined,
    caller,
    resource: undefined,
    headers: {},
    isGone: () => false,
  };
  await handler(server, request as Parameters<Handler<RouteName>>[1]); // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
}
