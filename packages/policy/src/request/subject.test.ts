import { strict as assert } from "node:assert";
import { test } from "node:test";
import { connect, exec, program } from "../../test/requests.ts";
import { entitiesOf, subjectsOf } from "./subject.ts";

function names(argv: readonly string[], program_ = program(argv[0] ?? "")): readonly (readonly [string, string])[] {
  return subjectsOf(exec(argv, { links: [{ program: program_, argv }] })).map(({ link }) => [
    link?.program.names.join() ?? "",
    link?.argv.join(" ") ?? "",
  ]);
}

test("an applet is judged as the program it is, beside the program it is in", () => {
  assert.deepEqual(names(["busybox", "rm", "-rf", "/"]), [
    ["busybox", "busybox rm -rf /"],
    ["rm", "rm -rf /"],
  ]);
  assert.deepEqual(names(["rm", "-rf", "/"], program("busybox")).at(-1), ["rm", "rm -rf /"]);
  assert.deepEqual(names(["busybox", "busybox", "rm", "x"]).at(-1), ["rm", "rm x"]);
  assert.deepEqual(names(["coreutils", "--coreutils-prog=rm", "x"]).at(-1), ["rm", "rm x"]);
});

test("argv[0] says nothing about any other program", () => {
  assert.deepEqual(names(["rm", "x"], program("node")), [["node", "rm x"]]);
});

test("what a dispatcher runs is in its arguments, so nothing holds for all of them", () => {
  for (const name of ["busybox", "toybox", "ld-linux-x86-64.so.2", "ld-musl-x86_64.so.1", "coreutils"]) {
    assert.ok(
      subjectsOf(exec([name])).every(({ dispatched }) => dispatched),
      name,
    );
  }
  assert.ok(subjectsOf(exec(["ls"])).every(({ dispatched }) => !dispatched));
});

test("a host is in the group of each parent domain, an address in none", () => {
  const groups = (host: string) =>
    subjectsOf(connect(host, 443)).flatMap((subject) => entitiesOf(subject).resource.parents.map(({ id }) => id));
  assert.deepEqual(groups("api.eu.example.com"), ["*.eu.example.com", "*.example.com", "*.com", "profile"]);
  assert.deepEqual(groups("10.0.0.1"), ["profile"]);
  assert.deepEqual(groups("fe80::1"), ["profile"]);
});
