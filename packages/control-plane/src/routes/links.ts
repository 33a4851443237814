import { answerQuestion } from "../live/answer.ts";
import { findQuestion, questionOf, resourceOfQuestion } from "../access/questions.ts";
import { openLink, useLinks, type OpenedLink } from "../notify/links.ts";
import { questionPage } from "../pages/question-page.ts";
import { useRight, type RightUse } from "./authorize.ts";
import type { Handlers, Server } from "./handler.ts";

export const links = {
  showLink: async (server, { params: { secret } }) => {
    const link = await openLink(server.db, secret, server.now());
    await use(server, link, { route: "showLink", action: "viewQuestion" });
    return await questionPage(questionOf(link.row, server.now()), link.caller.id);
  },

  answerLink: async (server, { params: { secret }, body: { answer, bound, why } }) => {
    const link = await openLink(server.db, secret, server.now());
    await use(server, link, { route: "answerLink", action: "answerQuestion" });
    const { row, caller, id } = link;
    const body = { answer, bound, same: false, ...(why !== undefined && why !== "" && { why }) };
    await answerQuestion(server, { caller, link: id, proof: undefined }, { row, body });
    await useLinks(server.db, link, server.now());
    const answered = (await findQuestion(server.db, row.id)) ?? row;
    return await questionPage(questionOf(answered, server.now()), caller.id);
  },
} as const satisfies Partial<Handlers>;

/** As the person might at this moment, in the log as theirs, by this link. */
async function use(
  server: Server,
  { row, caller }: OpenedLink,
  { route, action }: Pick<RightUse, "route" | "action">,
): Promise<void> {
  await useRight(server, { route, action, caller, resource: await resourceOfQuestion(server.db, row) });
}
