/**
 * Replaces what could move a terminal's cursor, start an escape sequence or reorder text, so that a string an agent
 * produced can be printed: C0 and C1 controls, DEL, and the Unicode bidirectional controls become `\xNN` or `\u{N}`.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    if (character === "\r") return "\\r";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** One argument as a POSIX shell would need it quoted; for people to read, never to be run. */
export function quoteForShell(argument: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

/** A command line for people to read: quoted, controls escaped, at most `limit` characters with a mark of what is left out. */
export function formatCommand(argv: readonly string[], limit = 500): string {
  const whole = escapeControls(argv.map(quoteForShell).join(" "));
  return whole.length <= limit ? whole : `${whole.slice(0, limit)}… (+${String(whole.length - limit)} characters)`;
}
