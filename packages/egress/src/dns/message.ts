import dnsPacket from "dns-packet";

/** DNS response codes (RFC 1035, section 4.1.1), as they stand in the header. */
export const RCODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

export const TYPE_A = 1;
const TYPE_OPT = 41;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
/** No question that a stub resolver asks is longer; what is longer is not looked at. */
const MOST_QUERY_BYTES = 4_096;

export interface Question {
  readonly id: number;
  /** As asked: case and odd characters kept. */
  readonly name: string;
  /** The record type's number and name (`A`, `TXT`, `UNKNOWN_65`). */
  readonly type: number;
  readonly typeName: string;
  readonly recursionDesired: boolean;
  /** The client understands EDNS (RFC 6891), so that a refusal may explain itself. */
  readonly edns: boolean;
  /** The question section, byte for byte, for the answer. */
  readonly section: Buffer;
}

/** What came in: a question, or the header-only answer that it deserves, or (undefined) nothing that deserves one. */
export type Parsed = { readonly question: Question } | { readonly answer: Buffer } | undefined;

/**
 * Reads one query. Accepts exactly what stub resolvers send: one question of class IN, no answers or authorities, names
 * spelt out. Never throws; answers and truncated headers get nothing back, so that two servers can't be set to talk.
 */
export function parseQuery(message: Buffer): Parsed {
  if (message.length < HEADER_BYTES || message.length > MOST_QUERY_BYTES) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return undefined;
  const id = message.readUInt16BE(0);
  if ((flags & 0x7800) !== 0) return { answer: encodeHeader(id, RCODE.notImplemented) };
  const malformed = { answer: encodeHeader(id, RCODE.formatError) };
  // Counts are checked before the library allocates for them.
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((offset) => message.readUInt16BE(offset));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || additionals === undefined || additionals > 1)
    return malformed;
  const decoded = decode(message);
  const asked = decoded?.questions?.[0];
  if (decoded === undefined || asked === undefined) return malformed;
  const section = questionSection(message, asked.name);
  if (section === undefined) return malformed;
  if (section.readUInt16BE(section.length - 2) !== CLASS_IN) return { answer: encodeHeader(id, RCODE.refused) };
  const question: Question = {
    id,
    name: asked.name,
    type: section.readUInt16BE(section.length - 4),
    typeName: asked.type,
    recursionDesired: (flags & dnsPacket.RECURSION_DESIRED) !== 0,
    edns: decoded.additionals?.some((record) => record.type === "OPT") ?? false,
    section,
  };
  return { question };
}

/** @param address IPv4 */
export function encodeAddress(question: Question, address: string, ttlSeconds: number): Buffer {
  const record = dnsPacket.encode({
    type: "response",
    answers: [{ type: "A", name: ".", ttl: ttlSeconds, data: address }],
  });
  // The library would write the name again; a pointer to the question keeps its case and cannot differ from it.
  const withPointer = Buffer.concat([Buffer.of(0xc0, HEADER_BYTES), record.subarray(HEADER_BYTES + 1)]);
  return Buffer.concat([encodeHeader(question.id, RCODE.noError, question, 1), withPointer]);
}

/**
 * An answer without records.
 * @param explanation goes along as an extended error "prohibited" (RFC 8914) to clients that understand EDNS
 */
export function encodeEmpty(question: Question, rcode: Rcode, explanation?: string): Buffer {
  const header = encodeHeader(question.id, rcode, question);
  if (!question.edns) return header;
  header.writeUInt16BE(1, 10);
  // Within 512 bytes, whatever size the client advertised: nothing is ever truncated.
  const room = 512 - header.length - OPT_BYTES - EXTENDED_ERROR_BYTES;
  return Buffer.concat([header, encodeOpt(explanation?.slice(0, room))]);
}

const PROHIBITED = 18;
const EXTENDED_ERROR = 15;
const OPT_BYTES = 11;
const EXTENDED_ERROR_BYTES = 6;

function encodeOpt(explanation: string | undefined): Buffer {
  // `latin1` keeps one byte a character, so that the room above is kept as well; names and reasons are ASCII.
  const text = Buffer.from(explanation ?? "", "latin1");
  const options = Buffer.alloc(explanation === undefined ? 0 : EXTENDED_ERROR_BYTES);
  if (explanation !== undefined) {
    options.writeUInt16BE(EXTENDED_ERROR, 0);
    options.writeUInt16BE(2 + text.length, 2);
    options.writeUInt16BE(PROHIBITED, 4);
  }
  const fixed = Buffer.alloc(OPT_BYTES);
  fixed.writeUInt16BE(TYPE_OPT, 1);
  fixed.writeUInt16BE(MOST_QUERY_BYTES, 3);
  fixed.writeUInt16BE(options.length + text.length, 9);
  return Buffer.concat([fixed, options, text]);
}

function encodeHeader(id: number, rcode: Rcode, question?: Question, answers = 0): Buffer {
  const header = dnsPacket.encode({
    type: "response",
    id,
    flags:
      (question?.recursionDesired === true ? dnsPacket.RECURSION_DESIRED : 0) | dnsPacket.RECURSION_AVAILABLE | rcode,
  });
  if (question === undefined) return header;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers, 6);
  return Buffer.concat([header, question.section]);
}

function decode(message: Buffer): dnsPacket.DecodedPacket | undefined {
  try {
    return dnsPacket.decode(message);
  } catch (error) {
    // The library reports every malformed packet by throwing: RangeError of Buffer, Error of its own.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/**
 * The question's bytes, provided that the name was spelt there as it was decoded. It was not when a label holds a dot
 * (`evil.test` as one label), a byte that is no UTF-8, or a compression pointer: then two readers could see two names.
 */
function questionSection(message: Buffer, name: string): Buffer | undefined {
  const spelt = name === "." ? Buffer.of(0) : spell(name);
  const end = HEADER_BYTES + spelt.length;
  if (message.length < end + 4 || !message.subarray(HEADER_BYTES, end).equals(spelt)) return undefined;
  return message.subarray(HEADER_BYTES, end + 4);
}

function spell(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from(label, "utf8"));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}
