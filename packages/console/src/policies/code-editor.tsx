/**
 * A text of a policy, with its faults where they are. It stands in a shadow root: there the editor's styles are constructed sheets, which the pages'
 * policy of content permits, and not elements with text in them, which it does not.
 */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Extension, type Text } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef, type ReactNode } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";

export type Fault = AnswerOf<"checkPolicy">["problems"][number];

interface CodeEditorProps {
  /** Another name is another text: give it as the key, too. */
  readonly name: string;
  /** What it begins with. */
  readonly text: string;
  readonly faults: readonly Fault[];
  /** Where to go to; another object goes there again. */
  readonly goTo: { readonly line: number } | undefined;
  readonly onChange: (text: string) => void;
}

export default function CodeEditor({ name, text, faults, goTo, onChange }: CodeEditorProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const change = useRef(onChange);
  const first = useRef(text);
  useEffect(() => {
    change.current = onChange;
  });
  useEffect(() => {
    const host = box.current;
    if (host === null) return;
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const changes = EditorView.updateListener.of((update) => {
      if (update.docChanged) change.current(update.state.doc.toString());
    });
    const label = EditorView.contentAttributes.of({ "aria-label": `Text of ${name}`, tabindex: "0" });
    const state = EditorState.create({ doc: first.current, extensions: [EXTENSIONS, changes, label] });
    const made = new EditorView({ state, root, parent: root });
    view.current = made;
    return () => {
      view.current = undefined;
      made.destroy();
    };
  }, [name]);
  useEffect(() => {
    const { current } = view;
    if (current === undefined) return;
    const diagnostics = faults.map((fault) => diagnosticOf(fault, current.state.doc));
    current.dispatch(setDiagnostics(current.state, diagnostics));
  }, [faults]);
  useEffect(() => {
    const { current } = view;
    if (current === undefined || goTo === undefined) return;
    const at = current.state.doc.line(Math.max(1, Math.min(goTo.line, current.state.doc.lines))).from;
    current.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    current.focus();
  }, [goTo]);
  return <div className="code-editor" ref={box} />;
}

/** From where it is said to be to the end of the word that is there. */
function diagnosticOf({ line, column, severity, message, remedy }: Fault, doc: Text): Diagnostic {
  const { from, to, text } = doc.line(Math.max(1, Math.min(line, doc.lines)));
  const start = Math.min(from + Math.max(0, column - 1), to);
  const word = /^\w+|^./.exec(text.slice(start - from))?.[0] ?? "";
  const said = remedy === undefined ? message : `${message}; ${remedy}`;
  return { from: start, to: start + word.length, severity, message: said };
}

/** Cedar and TOML alike, as far as colours go. */
const language = StreamLanguage.define({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^(\/\/|#).*/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'[^']*'?/)) return "string";
    if (stream.match(/^@\w+/) || stream.match(/^\[\[?[\w."-]+\]\]?/)) return "meta";
    if (stream.match(/^(permit|forbid|when|unless|in|is|has|like|if|then|else|principal|action|resource|context)\b/))
      return "keyword";
    if (stream.match(/^(true|false|\d+)\b/)) return "number";
    if (stream.match(/^\w+/)) return null;
    stream.next();
    return null;
  },
});

const COLORS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: [tags.string, tags.number], color: "var(--good)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: tags.meta, color: "var(--ask)" },
]);

const THEME = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--raised)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--page)", color: "var(--quiet)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--chosen) !important" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--quiet)" },
});

/**
 * What is typed over a selection. Left to it, chromium keeps the looks of what was there as a style attribute, which the pages' policy of content
 * refuses.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== "insertText" || event.data === null || view.state.selection.main.empty) return false;
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type" });
    event.preventDefault();
    return true;
  },
});

const EXTENSIONS: Extension = [
  ...[lineNumbers(), lintGutter(), history(), drawSelection(), highlightActiveLine(), bracketMatching()],
  ...[language, syntaxHighlighting(COLORS), THEME, typedOver],
  // Tab leaves it, as it leaves every other field.
  keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
];
