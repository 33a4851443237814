/** A text as PostgreSQL keeps it, which holds neither NUL nor lone surrogates; what an agent is called may. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
