/** A range of IPv4 addresses as numbers, both ends included. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** 198.18.0.0/15 without the network's own address and that of the DNS socket (198.18.0.1), and without the broadcast address. */
export const SANDBOX_RANGE: AddressRange = { first: 0xc6_12_00_02, last: 0xc6_13_ff_fe };

interface Entry {
  readonly name: string;
  readonly address: number;
  holds: number;
}

/**
 * Which address inside stands for which name: the same one for the whole run, unless the book is full.
 *
 * INVARIANT(book): an entry is in `#idle` exactly while it may be given up: it is not pinned and has no connection. So an
 * agent that asks for a million names of `*.example.com` only ever displaces its own unused ones, in the order of last
 * use, and an address given up is not given again before the whole range was.
 */
export class AddressBook {
  readonly #byName = new Map<string, Entry>();
  readonly #byAddress = new Map<number, Entry>();
  readonly #idle = new Map<string, Entry>();
  readonly #range: AddressRange;
  readonly #capacity: number;
  readonly #isPinned: (name: string) => boolean;
  #next: number;

  /** @param capacity most names that are not pinned; @param isPinned names that are never given up */
  constructor(range: AddressRange, capacity: number, isPinned: (name: string) => boolean) {
    this.#range = range;
    this.#capacity = Math.min(capacity, range.last - range.first + 1);
    this.#isPinned = isPinned;
    this.#next = range.first;
  }

  /** The address of a name, given out now if it has none; `undefined` when the book is full of names in use. */
  assign(name: string): string | undefined {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      if (this.#idle.delete(name)) this.#idle.set(name, known);
      return formatAddress(known.address);
    }
    if (this.#byName.size >= this.#capacity && !this.#giveUpOldest()) return undefined;
    const entry: Entry = { name, address: this.#takeAddress(), holds: 0 };
    this.#byName.set(name, entry);
    this.#byAddress.set(entry.address, entry);
    if (!this.#isPinned(name)) this.#idle.set(name, entry);
    return formatAddress(entry.address);
  }

  /** The name that an address (IPv4, or IPv4-mapped as a dual-stack listener shows it) stands for. */
  nameOf(address: string): string | undefined {
    const value = parseV4(address);
    return value === undefined ? undefined : this.#byAddress.get(value)?.name;
  }

  /** A connection to the name began: its address stays until {@link release}. */
  hold(name: string): void {
    const entry = this.#byName.get(name);
    if (entry === undefined) return;
    entry.holds++;
    this.#idle.delete(name);
  }

  /** A connection to the name ended. */
  release(name: string): void {
    const entry = this.#byName.get(name);
    if (entry === undefined) return;
    entry.holds--;
    if (entry.holds === 0 && !this.#isPinned(name)) this.#idle.set(name, entry);
  }

  #giveUpOldest(): boolean {
    for (const [name, entry] of this.#idle) {
      this.#idle.delete(name);
      this.#byName.delete(name);
      this.#byAddress.delete(entry.address);
      return true;
    }
    return false;
  }

  /** Ends because there are fewer entries than addresses whenever this is called. */
  #takeAddress(): number {
    for (;;) {
      const address = this.#next;
      this.#next = address === this.#range.last ? this.#range.first : address + 1;
      if (!this.#byAddress.has(address)) return address;
    }
  }
}

function formatAddress(value: number): string {
  return `${String(value >>> 24)}.${String((value >>> 16) & 255)}.${String((value >>> 8) & 255)}.${String(value & 255)}`;
}

function parseV4(text: string): number | undefined {
  const match = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}
