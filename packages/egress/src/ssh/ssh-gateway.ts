import type { InspectedConnection } from "../inspection/inspection.ts";

/** Ends SSH to the hosts that a profile names for it, and lets through what git sends for the repositories that it names. */
export interface SshGateway {
  /** The lines of known_hosts that make clients inside trust it. */
  readonly knownHosts: string;
  covers(host: string, port: number): boolean;
  /** Serves one connection until it has ended; resolves with its error, if any. Never rejects. */
  serve(connection: InspectedConnection): Promise<string | undefined>;
}
