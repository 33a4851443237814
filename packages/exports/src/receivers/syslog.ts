import { cefLine } from "../cef.ts";
import type { ConfigOf } from "../config.ts";
import { toStrictJson } from "../json.ts";
import { eventRecord } from "../ndjson.ts";
import { ocsfRecords } from "../ocsf/ocsf.ts";
import { shortened } from "../shorten.ts";
import type { Source } from "../source.ts";
import { frame, syslogMessage } from "../syslog.ts";
import { loadTls, networkReason } from "./http.ts";
import type { Outcome, Receiver } from "./receiver.ts";
import { sendFrames } from "./syslog.privileged.ts";

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE, EXPORTS_CONFIG_INVALID */
export async function syslogReceiver(config: ConfigOf<"syslog">): Promise<Receiver<Buffer>> {
  const { host, port } = config;
  const tls = await loadTls(config);
  return {
    render: (source) => shortened(source, config["max-bytes"], (each) => messagesOf(each, config)).map(frame),
    sizeOf: (record) => record.length,
    async send({ records }, signal): Promise<Outcome> {
      try {
        await sendFrames({ host, port, tls }, Buffer.concat(records), signal);
        return { taken: true };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Error)) throw error;
        return { taken: false, again: "later", reason: networkReason(error) };
      }
    },
  };
}

function messagesOf(source: Source, { format, ocsf, enterprise }: ConfigOf<"syslog">): readonly string[] {
  const of = (message?: string): string =>
    syslogMessage(source, { enterprise, ...(message !== undefined && { message }) });
  switch (format) {
    case "text":
      return [of()];
    case "cef":
      return [of(cefLine(source))];
    case "event":
      return [of(toStrictJson(eventRecord(source)))];
    case "ocsf":
      return ocsfRecords(source, ocsf).map((record) => of(toStrictJson(record)));
  }
}
