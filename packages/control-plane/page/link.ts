/** The question of a one-time link, and the buttons that answer it as the person whom the link is for. No sign-in. */
import { made, say, show } from "./dom.ts";
import { saidText, showQuestion } from "./question.ts";
import { server } from "./server.ts";

/** The link's secret is behind the `#` of the address, which browsers tell no server. */
export async function linkPage(): Promise<void> {
  const secret = location.hash.slice(1);
  if (secret === "") {
    show(made("p", {}, "This address is only the beginning of a one-time link: open the whole of it."));
    return;
  }
  const { person, question } = await server.call("showLink", { body: { secret } });
  const signed = question.terms.stepUpMinutes !== undefined;
  const page = `/questions/${question.id}`;
  showQuestion(question, person, {
    answers: signed ? ["no"] : ["no", "once", "run"],
    note: signed
      ? ["A yes has to be signed by a passkey of yours: ", made("a", { href: page }, "answer there"), ", signed in."]
      : [],
    give: async (answer, why) => {
      const body = { secret, answer, bound: question.bound, ...(why !== "" && { why }) };
      const answered = await server.call("answerLink", { body });
      // Used up, and not to be found in the browser's history.
      history.replaceState(null, "", location.pathname);
      showQuestion(answered.question, person);
      say(made("p", {}, saidText(answer)));
    },
  });
}
