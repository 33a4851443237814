import type { Writable } from "node:stream";
import type { DestinationConfig } from "../config.ts";
import type { Receiver } from "./receiver.ts";

/** What an exporter is told of where it runs. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly output: Writable;
}

/** Loads what a receiver of this type needs, its secrets too. @throws ExportsError EXPORTS_SECRET_UNAVAILABLE, EXPORTS_CONFIG_INVALID */
export async function withReceiver<T>(
  config: DestinationConfig,
  { environment, output }: Surroundings,
  use: <R>(receiver: Receiver<R>) => Promise<T>,
): Promise<T> {
  switch (config.type) {
    case "webhook":
      return await use(await (await import("./webhook.ts")).webhookReceiver(config, environment));
    case "otlp":
      return await use(await (await import("./otlp.ts")).otlpReceiver(config, environment));
    case "syslog":
      return await use(await (await import("./syslog.ts")).syslogReceiver(config));
    case "file":
      return await use((await import("./file.ts")).fileReceiver(config));
    case "stdout":
      return await use((await import("./stdout.ts")).stdoutReceiver(config, output));
  }
}
