/** Events by the form of their texts alone, without a parser. Browser-safe. */
import { decodeText } from "../json.ts";
import { membersOf } from "../private-records.ts";
import type { TextForm, TextForms } from "./text-form.ts";

export interface UsualEvent {
  readonly form: TextForm;
  /** What the form's pattern found in the entry. */
  readonly found: RegExpExecArray;
  /** Of salt and personal members, `sha256:…`; undefined when the event has none. */
  readonly digest: string | undefined;
  /** The personal members; undefined when there are none, or none came. */
  readonly personal: string | undefined;
}

/** Undefined where the texts say nothing: they may make an event all the same. @param committed salt and personal members, if they are there */
export function readUsualEvent(
  forms: TextForms,
  { text, committed }: { readonly text: string; readonly committed: Uint8Array | undefined },
  hasDigest: (bytes: Uint8Array, digest: string) => boolean,
): UsualEvent | undefined {
  const form = forms.find(text);
  const found = form?.entry.exec(text);
  if (form === undefined || found === undefined || found === null) return undefined;
  const { groups, hasPersonal } = form;
  const digest = found[groups.private];
  if (digest === undefined && hasPersonal) return undefined;
  if (digest === undefined || committed === undefined) return { form, found, digest, personal: undefined };
  if (!hasDigest(committed, digest)) return undefined;
  const personal = decodeText(membersOf(committed)) ?? "";
  const matched = form.personal.exec(personal);
  const list = groups.list === 0 ? undefined : found[groups.list];
  // A list that stands in both parts has the same elements in both.
  if (matched === null || (matched[1] === undefined) !== (list === undefined)) return undefined;
  return { form, found, digest, personal };
}
