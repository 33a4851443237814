/**
 * Promise 2: every program that starts is seen; renaming, copying, encoding, the dynamic loader, an interpreter or a build tool changes
 * nothing about that. Entries 1 to 19 of the list of known bypasses, class C1: one forbidden program, reached in every way we know.
 *
 * The forbidden program is truncate(1): each way makes a marker of its own in the workspace when it gets through, and markers are counted
 * from outside. The negative control is the same script without the policy: there every marker must appear.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, ofType, runGoverned, type Governed, type Place } from "../support/governed.ts";

/** name → shell text; `@` is the marker's path. Numbers are those of the list of known bypasses. */
const WAYS: Readonly<Record<string, string>> = {
  plain: "truncate -s 1 @",
  "02 leading assignment": "FOO=1 truncate -s 1 @",
  "03 deep nesting": `${"$(".repeat(60)}truncate -s 1 @${")".repeat(60)}`,
  "04 many sub-commands": `${"true; ".repeat(60)}truncate -s 1 @`,
  "05 ansi-c quoting": "$'\\x74runcate' -s 1 @",
  "05 backslash": "t\\runcate -s 1 @",
  "05 empty quotes": "tr''unc\"\"ate -s 1 @",
  "05 IFS": "c=truncate; $c${IFS}-s${IFS}1${IFS}@",
  "05 brace expansion": "{truncate,-s,1,@}",
  "05 glob": "/usr/bin/t[r]uncat? -s 1 @",
  "06 env": "env truncate -s 1 @",
  "06 env -i": "env -i /usr/bin/truncate -s 1 @",
  "06 env -S": "env -S 'truncate -s 1 @'",
  "06 command": "command truncate -s 1 @",
  "06 exec": "(exec truncate -s 1 @)",
  "06 exec -a": "(exec -a harmless truncate -s 1 @)",
  "06 nice": "nice truncate -s 1 @",
  "06 nohup": "nohup truncate -s 1 @",
  "06 timeout": "timeout 5 truncate -s 1 @",
  "06 setsid": "setsid -w truncate -s 1 @",
  "06 absolute": "/usr/bin/truncate -s 1 @",
  "06 dotted": "/usr/bin/../bin/./truncate -s 1 @",
  "07 xargs": "echo @ | xargs truncate -s 1",
  "07 xargs sh": "echo @ | xargs -I% sh -c 'truncate -s 1 %'",
  "07 find": "find /etc/passwd -exec truncate -s 1 @ ';'",
  "08 python": 'python3 -c \'import os,sys; os.execv("/usr/bin/truncate", ["ls", "-s", "1", "@"])\'',
  "08 perl": 'perl -e \'exec {"/usr/bin/truncate"} "ls", "-s", "1", "@"\'',
  "08 here-string": "bash <<< 'truncate -s 1 @'",
  "09 encoded": "echo $(echo 'truncate -s 1 @' | base64 -w0) | base64 -d | sh",
  "09 script": "printf '#!/bin/sh\\ntruncate -s 1 @\\n' > s.sh; chmod +x s.sh; ./s.sh",
  "09 interpreter of a script":
    "printf '#!/usr/bin/truncate --size=1\\n' > @.t; chmod +x @.t; ln -s @.t @.l; ./$(basename @.t) && mv @.t @",
  "11 pager": "export GIT_PAGER='truncate -s 1 @'; script -qec 'git -p --no-replace-objects help -a' /dev/null",
  "13 git alias": "git -c alias.x='!truncate -s 1 @' x",
  "13 git ssh": "GIT_SSH_COMMAND='truncate -s 1 @;' git ls-remote ssh://nowhere.test/x",
  "14 external diff":
    "git diff --no-index --ext-diff /etc/passwd /etc/group; GIT_EXTERNAL_DIFF='truncate -s 1 @;:' git diff --no-index --ext-diff /etc/passwd /etc/group",
  "17 /proc/self/root": "/proc/self/root/usr/bin/truncate -s 1 @",
  "17 copy": "cp /usr/bin/truncate /tmp/harmless; /tmp/harmless -s 1 @",
  "17 copy in the workspace": "cp /usr/bin/truncate harmless; ./harmless -s 1 @",
  "17 symlink": "ln -sf /usr/bin/truncate /tmp/link; /tmp/link -s 1 @",
  "17 descriptor": "exec 9</usr/bin/truncate; /proc/self/fd/9 -s 1 @",
  "18 loader": "$(ls /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* 2>/dev/null | head -1) /usr/bin/truncate -s 1 @",
  "18 loader with options":
    "$(ls /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* 2>/dev/null | head -1) --library-path /lib --argv0 ls /usr/bin/truncate -s 1 @",
  "19 make": "printf 'all:\\n\\ttruncate -s 1 @\\n' > Makefile; make -s",
  "52 memfd":
    'python3 -c \'import os; f=os.memfd_create("x",0); os.write(f,open("/usr/bin/truncate","rb").read()); os.execve(f,["ls","-s","1","@"],os.environ)\'',
};

/** The standard policies refuse these ways whatever the program: they have no control here, and do not get as far as the program. */
const REFUSED_ANYWAY: ReadonlySet<string> = new Set(["13 git alias", "52 memfd"]);

const FORBID = `
@id("test.truncate") @reason("truncate is not used here") @instead("write the file anew")
forbid(principal, action == Action::"exec", resource in ProgramGroup::"truncate");
`;

/** One script that tries every way; a way that fails must not end the next. */
function script(place: Place): string {
  const lines = Object.values(WAYS).map(
    (way, index) =>
      `( ${way.replaceAll("@", join(place.workspace, `mark-${String(index)}`))} ) >/dev/null 2>&1 </dev/null`,
  );
  return lines.join("\n") + "\ntrue\n";
}

const marker = (place: Place, index: number): boolean => existsSync(join(place.workspace, `mark-${String(index)}`));

describe("a forbidden program does not run, whatever it is called by", () => {
  const refused = makePlace();
  const control = makePlace();
  let result: Governed;
  before(async () => {
    result = await runGoverned(refused, { argv: ["bash", "-c", script(refused)], policy: FORBID });
    await runGoverned(control, { argv: ["bash", "-c", script(control)] });
  });
  after(() => {
    refused.remove();
    control.remove();
  });

  for (const [index, name] of Object.keys(WAYS).entries()) {
    test(name, () => {
      if (!REFUSED_ANYWAY.has(name))
        assert.ok(marker(control, index), "negative control: without the policy this way works");
      assert.ok(!marker(refused, index), "the program ran");
    });
  }

  test("each is in the record, with the policy that refused it", () => {
    const by = ofType(result.events, "exec.refused").filter((event) =>
      event.decision.policies.includes("test.truncate"),
    );
    assert.ok(by.length >= Object.keys(WAYS).length - REFUSED_ANYWAY.size, `only ${String(by.length)} refusals`);
    for (const event of by) assert.match(event.decision.reason, /truncate is not used here/);
  });
});
