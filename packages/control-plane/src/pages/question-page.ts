import { escapeControls } from "@bailiwick/base";
import { html } from "hono/html";
import type { QuestionOfServer } from "../../contract/questions.ts";
import { questionRows } from "../../contract/question-rows.ts";
import { page } from "./page.ts";

/** All of a question, and buttons while it is open. The form goes back to the page's own address. */
export async function questionPage(question: QuestionOfServer, person: string): Promise<string> {
  const { id, state, bound, answer, answeredBy, saidYes = [], terms } = question;
  const open = state === "open" && !saidYes.includes(person);
  const standing =
    state === "answered"
      ? `Answered by ${answeredBy ?? ""}: ${answer === "no" ? "no" : "yes"}.`
      : state === "open"
        ? `You have said yes; ${String(terms.approvals)} people have to.`
        : `Over (${state}).`;
  return await page(
    "A run asks",
    html`<dl>
        ${rowsOf(question).map(
          ([name, text]) =>
            html`<dt>${name}</dt>
              <dd><code>${escapeControls(text)}</code></dd>`,
        )}
      </dl>
      ${
        open
          ? html`<form method="post">
              <input type="hidden" name="bound" value="${bound}" />
              <p>
                <label>Why (for the log): <input name="why" maxlength="500" size="60" /></label>
              </p>
              <p>You answer as ${person}.</p>
              <button name="answer" value="no">No</button>
              ${
                terms.stepUpMinutes === undefined
                  ? html`<button name="answer" value="once">Yes, once</button>
                      <button name="answer" value="run">Yes, for this run</button>`
                  : html`<p>
                      A yes has to be signed by a passkey of yours: <a href="/questions/${id}">answer there</a>, signed
                      in.
                    </p>`
              }
            </form>`
          : html`<p>${standing}</p>`
      }`,
  );
}

function rowsOf(question: QuestionOfServer): readonly (readonly [string, string])[] {
  const { terms, bound, expiresAt } = question;
  return [
    ...questionRows(question).map(([label, text]) => [capitalized(label), text] as const),
    ...(terms.approvals === 1 ? [] : [["Yes of", `${String(terms.approvals)} people`] as const]),
    ...(terms.stepUpMinutes === undefined ? [] : [["A yes is signed", "by a passkey of who says it"] as const]),
    ["Bound to", bound],
    ["Until", new Date(expiresAt).toISOString()],
  ];
}

function capitalized(label: string): string {
  return label.slice(0, 1).toUpperCase() + label.slice(1);
}
