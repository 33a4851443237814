const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text in bytes; undefined when they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The JSON in a text; undefined when there is none. */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The JSON in bytes; undefined when there is none. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  return text === undefined ? undefined : parseText(text);
}
