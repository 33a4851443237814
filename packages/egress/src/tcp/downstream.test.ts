import assert from "node:assert/strict";
import { Socket } from "node:net";
import { describe, test } from "node:test";
import { Downstream } from "./downstream.ts";

/** A client whose kernel takes as many bytes as it is told to. */
class Client extends Socket {
  readonly chunks: Uint8Array[] = [];
  taking = true;
  override write(chunk: Uint8Array | string): boolean {
    if (typeof chunk !== "string") this.chunks.push(chunk);
    return true;
  }
}

function open(): { client: Client; read(text: string): void; buffer(): Uint8Array } {
  const client = new Client();
  Object.defineProperty(client, "writable", { value: true });
  Object.defineProperty(client, "writableLength", { get: () => (client.taking ? 0 : 1) });
  const downstream = new Downstream(client);
  downstream.start(new Socket());
  const { buffer, callback } = downstream.onread;
  const current = (): Uint8Array => (typeof buffer === "function" ? buffer() : buffer);
  const read = (text: string): void => {
    callback(Buffer.from(current().buffer).write(text), current());
  };
  return { client, read, buffer: current };
}

describe("Downstream", () => {
  test("reads into the same memory again once the client's kernel took all of it", () => {
    const { read, buffer } = open();
    const first = buffer();
    read("one");
    assert.equal(buffer(), first);
  });

  test("never reads into memory of which a write is still to be done", () => {
    const { client, read, buffer } = open();
    client.taking = false;
    const first = buffer();
    read("one");
    assert.notEqual(buffer(), first);
    read("two");
    assert.deepEqual(
      client.chunks.map((chunk) => Buffer.from(chunk).toString()),
      ["one", "two"],
    );
  });

  test("takes larger reads after one that filled its memory", () => {
    const { read, buffer } = open();
    const { length } = buffer();
    read("x".repeat(length));
    assert.ok(buffer().length > length);
  });
});
