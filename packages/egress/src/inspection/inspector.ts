import type { SecureContext, TLSSocket } from "node:tls";
import type { Authority } from "../certificates/authority.ts";
import { type BrokeredCredential, matchesHost } from "../credentials/credential.ts";
import type { NeedleScan } from "../credentials/needles.ts";
import { CredentialSwap } from "../credentials/swap.ts";
import { Exchanges } from "../http/exchange.ts";
import type { LeakLook } from "../http/leaks.ts";
import { Http1 } from "../http/http1.privileged.ts";
import { serveHttp2 } from "../http/http2.privileged.ts";
import { ModelTaps } from "../models/model-taps.ts";
import { describeError } from "../tcp/joined.ts";
import { secureServer, TlsFront, trusting } from "../tls/both-sides.privileged.ts";
import type { InspectedConnection, Inspection } from "./inspection.ts";
import { readOpening } from "./opening.ts";

/** In the order in which they are wanted; what else a client offers, the server is not told. */
const SPOKEN = ["h2", "http/1.1"] as const;

/** Choices of servers that are remembered; then they are learnt anew. */
const MOST_REMEMBERED = 4_096;

export interface InspectorOptions {
  readonly authority: Authority;
  /** PEM texts: whom servers are verified by. */
  readonly roots: readonly string[];
  /** Those of them that the profile adds. */
  readonly extraRoots: readonly string[];
  /** Names, and `*.` and a domain. */
  readonly hosts: readonly string[];
  readonly credentials: readonly BrokeredCredential[];
  /** Characters of prompts and of what models write that are reported; 0: none, only their digests. */
  readonly modelTextCharacters: number;
  /** Undefined: nothing is looked for. */
  readonly leaks: LeakLook | undefined;
}

/**
 * Ends TLS on both sides. The server comes first: what it speaks is what the client is offered, so that no request is ever translated from one
 * version of HTTP to another (that is where smuggling lives), and a server that cannot be verified is told to the client in plain words.
 */
export class Inspector implements Inspection {
  readonly additions: string;
  readonly bundle: string;
  readonly #authority: Authority;
  readonly #hosts: readonly string[];
  readonly #trust: SecureContext;
  readonly #credentials: CredentialSwap;
  readonly #models: ModelTaps;
  readonly #leaks: LeakLook | undefined;
  readonly #http1 = new Http1();
  readonly #fronts = new Map<string, Promise<TlsFront>>();
  readonly #sessions = new Map<string, Buffer>();
  /** What a server chose of what it was offered. */
  readonly #spoken = new Map<string, { readonly protocol: string | undefined }>();

  constructor({ authority, roots, extraRoots, hosts, credentials, modelTextCharacters, leaks }: InspectorOptions) {
    this.#leaks = leaks;
    this.#authority = authority;
    this.#hosts = hosts;
    this.#trust = trusting(roots);
    this.#credentials = new CredentialSwap(credentials);
    this.#models = new ModelTaps(modelTextCharacters);
    this.additions = `${[...extraRoots, authority.certificate].join("\n")}\n`;
    this.bundle = `${[...roots, authority.certificate].join("\n")}\n`;
    for (const host of hosts) if (!host.startsWith("*.")) this.prepare(host);
  }

  covers(host: string): boolean {
    return matchesHost(this.#hosts, host);
  }

  prepare(host: string): void {
    // Who needs it waits for it and gets its error.
    this.#frontOf(host).catch(() => undefined);
  }

  scanClearText(): NeedleScan | undefined {
    return this.#credentials.scanBody();
  }

  modelsSettled(): Promise<void> | undefined {
    return this.#models.settled();
  }

  async close(): Promise<void> {
    await this.#models.close();
  }

  async serve(connection: InspectedConnection): Promise<string | undefined> {
    const { client, server, host } = connection;
    client.allowHalfOpen = false;
    server.allowHalfOpen = false;
    try {
      const opening = await readOpening(client, host);
      switch (opening.kind) {
        case "gone":
          return undefined;
        case "refused":
          await connection.refuse(opening.refusal);
          return `refused: ${opening.refusal.reason}`;
        case "plain":
          return await this.#http1.serve(client, server, {
            exchanges: this.#exchanges(connection, false),
            unreachable: undefined,
            redial: connection.redial,
          });
        case "tls":
          return await this.#serveTls(connection, opening.protocols);
      }
    } catch (error) {
      return describeError(error);
    } finally {
      client.destroy();
      server.destroy();
    }
  }

  async #serveTls(connection: InspectedConnection, offered: readonly string[]): Promise<string | undefined> {
    const { host, port, server: plain } = connection;
    const exchanges = this.#exchanges(connection, true);
    const protocols = SPOKEN.filter((protocol) => offered.includes(protocol));
    const key = `${host} ${protocols.join(" ")}`;
    const before = this.#spoken.get(key);
    // What the server chose the last time it most likely chooses again: then both handshakes go on at once. Nothing is read from the client before
    // the server is verified.
    const early = before === undefined ? undefined : this.#secureClient(connection, { offered, ...before });
    early?.catch(() => undefined);
    let server: TLSSocket;
    try {
      server = await secureServer(plain, host, { trust: this.#trust, protocols, sessions: this.#sessions });
    } catch (error) {
      return await this.#explain(connection, exchanges, { offered, error, early });
    }
    const protocol = server.alpnProtocol === false || server.alpnProtocol === null ? undefined : server.alpnProtocol;
    if (this.#spoken.size >= MOST_REMEMBERED) this.#spoken.clear();
    this.#spoken.set(key, { protocol });
    if (before !== undefined && before.protocol !== protocol) return "server: speaks another protocol than before";
    const client = await (early ?? this.#secureClient(connection, { offered, protocol }));
    const redial = async (): Promise<TLSSocket> => {
      const again = {
        trust: this.#trust,
        protocols: protocol === undefined ? [] : [protocol],
        sessions: this.#sessions,
      };
      return await secureServer(await connection.redial(), host, again);
    };
    const origin = `https://${host}:${String(port)}`;
    if (protocol === "h2") return await serveHttp2(client, server, { origin, exchanges, redial });
    return await this.#http1.serve(client, server, { exchanges, unreachable: undefined, redial });
  }

  /** The server is not who it should be: said in answer to whatever is asked, because a reset says nothing. */
  async #explain(
    connection: InspectedConnection,
    exchanges: Exchanges,
    {
      offered,
      error,
      early,
    }: {
      readonly offered: readonly string[];
      readonly error: unknown;
      readonly early: Promise<TLSSocket> | undefined;
    },
  ): Promise<string> {
    const why = describeError(error);
    const speaksHttp1 = offered.length === 0 || offered.includes("http/1.1");
    if (speaksHttp1 && !connection.client.destroyed) {
      const client = await (early ?? this.#secureClient(connection, { offered, protocol: undefined }));
      if (client.alpnProtocol !== "h2") {
        await this.#http1.serve(client, connection.server, { exchanges, unreachable: why, redial: connection.redial });
      }
    }
    return `server: ${why}`;
  }

  /** @param protocol what the server speaks; undefined: HTTP/1.1, without having said so */
  async #secureClient(
    connection: InspectedConnection,
    { offered, protocol }: { readonly offered: readonly string[]; readonly protocol: string | undefined },
  ): Promise<TLSSocket> {
    const answer = protocol ?? (offered.includes("http/1.1") ? "http/1.1" : undefined);
    const front = await this.#frontOf(connection.host);
    return await front.secure(connection.client, answer);
  }

  #exchanges(connection: InspectedConnection, secure: boolean): Exchanges {
    return new Exchanges(connection, {
      secure,
      credentials: this.#credentials,
      models: this.#models,
      leaks: this.#leaks,
    });
  }

  async #frontOf(host: string): Promise<TlsFront> {
    const known = this.#fronts.get(host);
    if (known !== undefined) return await known;
    const made = this.#authority.identityOf(host).then((identity) => new TlsFront(identity));
    this.#fronts.set(host, made);
    return await made;
  }
}
