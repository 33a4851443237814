import { answerQuestion } from "../live/answer.ts";
import { findQuestion, questionOf, resourceOfQuestion } from "../access/questions.ts";
import { openLink, useLinks, type OpenedLink } from "../notify/links.ts";
import { scriptPage } from "../pages/script-page.ts";
import { useRight, type RightUse } from "./authorize.ts";
import type { Handlers, Server } from "./handler.ts";

export const links = {
  linkPage: async () => await scriptPage("A run asks", "link"),

  showLink: async (server, { body: { secret } }) => {
    const link = await openLink(server.db, secret, server.now());
    await use(server, link, { route: "showLink", action: "viewQuestion" });
    return { person: link.caller.id, question: questionOf(link.row, server.now()) };
  },

  answerLink: async (server, { body: { secret, answer, bound, why } }) => {
    const link = await openLink(server.db, secret, server.now());
    await use(server, link, { route: "answerLink", action: "answerQuestion" });
    const { row, caller, id } = link;
    const body = { answer, bound, same: false, ...(why !== undefined && why !== "" && { why }) };
    await answerQuestion(server, { caller, link: id, proof: undefined }, { row, body });
    await useLinks(server.db, link, server.now());
    const answered = (await findQuestion(server.db, row.id)) ?? row;
    return { person: caller.id, question: questionOf(answered, server.now()) };
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
