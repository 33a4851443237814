/** What these pages are built of: every text that is put in is text, never markup. */

type Child = Node | string;

export function made<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Says itself what came of it when it did not work. Pressed while it works it does nothing. */
export function button(label: string, work: () => Promise<void>, attributes: Readonly<Record<string, string>> = {}) {
  const element = made("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", () => {
    element.disabled = true;
    say();
    work()
      .catch(sayProblem)
      .finally(() => {
        element.disabled = false;
      });
  });
  return element;
}

/** What a passkey is to be called; `text` is never empty. */
export function nameInput(): { readonly input: HTMLInputElement; readonly text: () => string } {
  const input = made("input", { id: "name", maxlength: "80", placeholder: "for example: laptop" });
  return { input, text: () => (input.value.trim() === "" ? "passkey" : input.value) };
}

const status = made("div", { role: "status" });

/** The page's content from now on, above what it says. */
export function show(...children: readonly Child[]): void {
  place().replaceChildren(...children, status);
}

export function place(): HTMLElement {
  const element = document.getElementById("page");
  if (element === null) throw new Error("the page has no place for its content");
  return element;
}

export function say(...children: readonly Child[]): void {
  status.replaceChildren(...children);
}

/** What failed, and what to do about it. */
export function sayProblem(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof Error && "remedy" in error ? error.remedy : undefined;
  const alert = made("div", { role: "alert" }, made("p", {}, `This did not work: ${message}`));
  if (typeof remedy === "string") alert.append(made("p", {}, `What to do: ${remedy}`));
  say(alert);
}

export function timeOf(at: number): HTMLElement {
  const utc = new Date(at).toISOString();
  return made("time", { datetime: utc, title: utc }, new Date(at).toLocaleString());
}
