/** `node main.ts --script FILE [--host ADDRESS] [--port N] [--log FILE]`: prints `{"port":N}` once it listens; ends on a signal. */
import { appendFileSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ScriptSet } from "./script.ts";
import { startScriptedModel } from "./server.ts";

const { values } = parseArgs({
  options: {
    script: { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    log: { type: "string" },
  },
});
if (values.script === undefined) throw new Error("--script FILE is needed");
const { log } = values;
const model = await startScriptedModel({
  script: JSON.parse(readFileSync(values.script, "utf8")) as ScriptSet,
  host: values.host,
  port: Number(values.port),
  ...(log === undefined
    ? {}
    : {
        onRequest: (request) => {
          appendFileSync(log, `${JSON.stringify(request)}\n`);
        },
      }),
});
console.log(JSON.stringify({ port: model.port }));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void model.close();
  });
}
