/** Finds any of a set of words in a text, whatever their case: one table look-up a character, however many words there are. */
export class LiteralScanner {
  /** Of a byte, folded to lower case; 0 for one that is in no word. */
  readonly #classes = new Uint8Array(256);
  readonly #width: number;
  /** state * width + class → state. */
  readonly #next: Uint16Array;
  /** Indexes of the words that end in a state. */
  readonly #ends: (readonly number[] | undefined)[];
  #scratch = Buffer.alloc(0);

  /** @param words of ASCII, in lower case */
  constructor(words: readonly string[]) {
    for (const character of new Set(words.join(""))) {
      const code = character.charCodeAt(0);
      this.#classes[code] = Math.max(...this.#classes) + 1;
    }
    for (let code = 65; code <= 90; code++) this.#classes[code] = this.#classes[code + 32] ?? 0;
    this.#width = Math.max(...this.#classes) + 1;
    const trie = buildTrie(words, (code) => this.#classes[code] ?? 0);
    this.#next = closeTrie(trie, this.#width);
    this.#ends = trie.map(({ ends }) => (ends.length > 0 ? ends : undefined));
  }

  /**
   * Whether some word that is found is accepted: `accept` gets its index and where it begins. Words that overlap are all found.
   * @param text or bytes, each of which stands for a character
   */
  some(text: string | Uint8Array, words: readonly string[], accept: (word: number, at: number) => boolean): boolean {
    const [classes, next, ends, width] = [this.#classes, this.#next, this.#ends, this.#width];
    const bytes = typeof text === "string" ? this.#bytesOf(text) : text;
    let state = 0;
    for (let index = 0; index < bytes.length; index++) {
      // INVARIANT(table): every class is below the width, and every state has a row.
      state = next[state * width + (classes[bytes[index] ?? 0] ?? 0)] ?? 0;
      if (state === 0) continue;
      const found = ends[state];
      if (found === undefined) continue;
      for (const word of found) if (accept(word, index + 1 - (words[word]?.length ?? 0))) return true;
    }
    return false;
  }

  /** The low byte of each code unit: reading these is several times as fast as reading a string, and what is found by mistake is not accepted. */
  #bytesOf(text: string): Uint8Array {
    if (this.#scratch.length < text.length) this.#scratch = Buffer.alloc(2 * text.length);
    return this.#scratch.subarray(0, this.#scratch.write(text, 0, "latin1"));
  }
}

interface TrieNode {
  readonly children: Map<number, number>;
  readonly ends: number[];
}

function buildTrie(words: readonly string[], classOf: (code: number) => number): TrieNode[] {
  const trie: TrieNode[] = [{ children: new Map(), ends: [] }];
  for (const [index, word] of words.entries()) {
    let node = trie[0];
    for (let at = 0; at < word.length; at++) {
      const key = classOf(word.charCodeAt(at));
      const known = node?.children.get(key);
      if (known === undefined) {
        node?.children.set(key, trie.length);
        trie.push({ children: new Map(), ends: [] });
      }
      node = trie[known ?? trie.length - 1];
    }
    node?.ends.push(index);
  }
  return trie;
}

/** Aho and Corasick, 1975, with every transition filled in; words that end inside another are added to where they do. */
function closeTrie(trie: readonly TrieNode[], width: number): Uint16Array {
  const next = new Uint16Array(trie.length * width);
  const failure = new Uint16Array(trie.length);
  const queue = [0];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    const fallback = failure[node] ?? 0;
    if (node !== 0) trie[node]?.ends.push(...(trie[fallback]?.ends ?? []));
    for (let key = 0; key < width; key++) {
      const child = trie[node]?.children.get(key);
      const other = node === 0 ? 0 : (next[fallback * width + key] ?? 0);
      next[node * width + key] = child ?? other;
      if (child === undefined) continue;
      failure[child] = other;
      queue.push(child);
    }
  }
  return next;
}
