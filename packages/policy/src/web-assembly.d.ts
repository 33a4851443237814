/** What is used of WebAssembly's JavaScript interface (https://webassembly.github.io/spec/js-api/), which Node's types leave out. */
declare namespace WebAssembly {
  class Memory {
    /** @param descriptor `initial`: its size in pages of 64 KiB */
    constructor(descriptor: { readonly initial: number });
    readonly buffer: ArrayBuffer;
  }
}
