/** Where whoever comes back to a stream was: the id of the last event that they have. */
export function lastEventOf(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers["last-event-id"];
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
