/** The page that checks a proof in a browser: everything happens here, nothing is sent anywhere. */
import { checkProof, primitives, reportText, type ProofReport } from "../src/browser/index.ts";

function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`the page lacks its part ${id}`);
}

const proofText = part("proof", HTMLTextAreaElement);
const proofFile = part("proof-file", HTMLInputElement);
const logKey = part("key", HTMLInputElement);
const witnessKeys = part("witnesses", HTMLTextAreaElement);
const quorum = part("quorum", HTMLInputElement);
const result = part("result", HTMLElement);
const verdict = part("verdict", HTMLElement);
const meaning = part("meaning", HTMLElement);
const rows = part("rows", HTMLElement);
const entry = part("entry", HTMLElement);

/** Bytes as they were dropped: a text field would change line ends. */
let dropped: Uint8Array | undefined;
/** Of several checks that run at once, only the last one speaks. */
let latest = 0;

function proofBytes(): Uint8Array {
  return dropped ?? new TextEncoder().encode(proofText.value);
}

async function update(): Promise<void> {
  const mine = ++latest;
  const bytes = proofBytes();
  if (bytes.length === 0 || logKey.value.trim() === "") {
    result.hidden = true;
    return;
  }
  const witnesses = witnessKeys.value.split(/\s+/).filter((text) => text !== "");
  const needed = quorum.value === "" ? witnesses.length : Number(quorum.value);
  try {
    const trust = { logKey: logKey.value.trim(), witnesses, quorum: needed };
    const report = await checkProof(bytes, trust, primitives);
    if (mine === latest) show(report);
  } catch (error) {
    if (mine === latest) showFailure(error);
  }
}

function show(report: ProofReport): void {
  const text = reportText(report);
  result.hidden = false;
  result.className = report.ok ? "proven" : "refused";
  verdict.textContent = text.verdict;
  meaning.textContent = report.ok ? meaningOf(report) : "Do not rely on this proof. What was found:";
  rows.replaceChildren(
    ...text.rows
      .filter(([name]) => name !== "entry")
      .flatMap(([name, value]) => [made("dt", name), made("dd", value.replaceAll("`", ""))]),
  );
  entry.hidden = !report.ok;
  entry.textContent = report.ok ? pretty(report.entry ?? "") : "";
}

function showFailure(error: unknown): void {
  result.hidden = false;
  result.className = "refused";
  verdict.textContent = "COULD NOT CHECK";
  meaning.textContent = "This browser cannot check Ed25519 signatures. Use a current one, or bailiwick-verify.mjs.";
  rows.replaceChildren(made("dt", "reason"), made("dd", error instanceof Error ? error.message : String(error)));
  entry.hidden = true;
}

/** What follows from a proof, and what does not. */
function meaningOf({ origin, witnessed }: ProofReport): string {
  const log = `The log ${origin ?? ""} holds exactly this entry at this place, signed with the key that you gave.`;
  if (witnessed.length === 0) {
    return `${log} No witness that you named vouches for it: whoever has the log's key could have signed another history too.`;
  }
  const who = witnessed.length === 1 ? "One witness" : `${String(witnessed.length)} witnesses`;
  return `${log} ${who} that you named saw the log with it by then, and accepts no other history since.`;
}

function made(tag: "dt" | "dd", text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = visible(text);
  return element;
}

/** Laid out for reading, where that leaves nothing out: the proof is of the bytes, and JSON may say one thing twice. */
function pretty(text: string): string {
  try {
    const json: unknown = JSON.parse(text);
    return visible(JSON.stringify(json) === text ? JSON.stringify(json, undefined, 2) : text);
  } catch (error) {
    if (error instanceof SyntaxError) return visible(text);
    throw error;
  }
}

/** Characters that would show one text as another. */
function visible(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f]/g,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}

/** More than any proof has. */
const MAX_BYTES = 2 << 20;

async function take(file: File | undefined): Promise<void> {
  if (file === undefined) return;
  const bytes = new Uint8Array(await file.slice(0, MAX_BYTES).arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  // A key may be dropped as well as a proof.
  if (/^[^\s+]+\+[0-9a-f]{8}\+\S+\s*$/.test(text)) logKey.value = text.trim();
  else {
    dropped = bytes;
    proofText.value = text;
  }
  await update();
}

proofText.addEventListener("input", () => {
  dropped = undefined;
  void update();
});
for (const field of [logKey, witnessKeys, quorum]) field.addEventListener("input", () => void update());
proofFile.addEventListener("change", () => void take(proofFile.files?.[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dragging");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  void (async () => {
    for (const file of event.dataTransfer?.files ?? []) await take(file);
  })();
});
