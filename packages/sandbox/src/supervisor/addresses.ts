/**
 * The bytes of a numeric address as sockets print it, in network order: 4, or 16 for IPv6; IPv4-mapped IPv6 counts as IPv4, which
 * is what such a socket is in the kernel's tables. undefined for anything else.
 */
export function addressBytes(text: string): { readonly family: 4 | 6; readonly bytes: Uint8Array } | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  const four = parseFour(mapped?.[1] ?? text);
  if (four !== undefined) return { family: 4, bytes: four };
  const six = parseSix(text);
  return six === undefined ? undefined : { family: 6, bytes: six };
}

function parseFour(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const numbers = match.slice(1).map(Number);
  return numbers.every((number) => number <= 255) ? Uint8Array.from(numbers) : undefined;
}

function parseSix(text: string): Uint8Array | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (!/^[0-9a-f:]+$/i.test(text) || more.length > 0) return undefined;
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill("0"), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}
