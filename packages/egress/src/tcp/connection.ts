import type { Socket } from "node:net";
import type { Decision } from "@bailiwick/policy";
import type { AddressBook } from "../addresses/address-book.ts";
import type { CheckedAddress } from "../addresses/classify.ts";
import type { HostRules } from "../names/host-rules.ts";
import { profileDecision, type Refusal, refusals } from "../refusals.ts";
import type { SocketEnds } from "../reports.ts";
import { ServerNameGate } from "../tls/server-name-gate.ts";
import { ConnectionReport, type ReportContext } from "./connection-report.ts";
import { dial, type Dialled, KEEP_ALIVE_MS } from "./dial.privileged.ts";
import { Downstream } from "./downstream.ts";
import { describeError, joined } from "./joined.ts";
import type { Resolver } from "./resolver.ts";
import { Upstream } from "./upstream.ts";

export interface TcpContext extends ReportContext {
  readonly rules: HostRules;
  readonly book: AddressBook;
  readonly resolver: Resolver;
  /** `[network.hosts]`, checked. */
  readonly staticAddresses: ReadonlyMap<string, CheckedAddress>;
  /** Never rejects. */
  readonly decide: (name: string, port: number) => Decision | Promise<Decision>;
}

/**
 * One connection from inside, from its acceptance to its end. In order: the address says the name; the profile and then
 * `decide` permit it at this port; only then is the name resolved, its addresses checked, and one of them dialled; the
 * server's bytes flow at once (SSH and SMTP servers speak first), the client's after inspection. Whatever goes wrong on
 * the way resets the client. Resolves when the connection has ended and that was reported; never rejects.
 */
export class Connection {
  readonly #context: TcpContext;
  readonly #client: Socket;
  readonly #port: number;
  readonly #gone = new AbortController();
  #server: Socket | undefined;

  constructor(context: TcpContext, client: Socket, port: number) {
    this.#context = context;
    this.#client = client;
    this.#port = port;
    // An error is followed by `close`, which is what everything here goes by.
    client.on("error", () => undefined);
    client.once("close", () => {
      this.#gone.abort();
    });
    client.allowHalfOpen = true;
    client.setNoDelay(true);
    client.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Ends it at once, both ways. */
  destroy(): void {
    this.#client.destroy();
    this.#server?.destroy();
  }

  async serve(): Promise<void> {
    const ends = endsOf(this.#client);
    if (ends === undefined) {
      this.#client.destroy();
      return;
    }
    // Beside the work: the connection never waits for its owner, only a refusal does.
    const owner = this.#context.reports.ownerOf(ends);
    const name = this.#context.book.nameOf(ends.remoteAddress);
    if (name === undefined) {
      await this.#refuse(ends.remoteAddress, owner, refusals.addressWithoutName(ends.remoteAddress, this.#port));
      return;
    }
    this.#context.book.hold(name);
    try {
      await this.#serveName(name, owner);
    } finally {
      this.#context.book.release(name);
    }
  }

  async #serveName(name: string, owner: Promise<number | undefined>): Promise<void> {
    const { rules, decide } = this.#context;
    if (!rules.permits(name, this.#port)) {
      await this.#refuse(name, owner, refusals.portNotAllowed(name, this.#port, rules.portsOf(name)));
      return;
    }
    const decision = await this.#unlessGone(decide(name, this.#port));
    if (decision === undefined) return;
    if (decision.outcome !== "allow") {
      await this.#refuse(name, owner, decision);
      return;
    }
    const report = new ConnectionReport(this.#context, { host: name, port: this.#port, decision, owner });
    const addresses = await this.#addressesOf(name, owner, report);
    if (addresses !== undefined) await this.#connect(name, addresses, report);
  }

  /** After the decision, and only then. `undefined` when the connection has ended instead. */
  async #addressesOf(
    name: string,
    owner: Promise<number | undefined>,
    report: ConnectionReport,
  ): Promise<readonly CheckedAddress[] | undefined> {
    const fixed = this.#context.staticAddresses.get(name);
    if (fixed !== undefined) return [fixed];
    try {
      const resolution = await this.#unlessGone(this.#context.resolver.resolve(name));
      if (resolution === undefined || "addresses" in resolution) return resolution?.addresses;
      await this.#refuse(name, owner, refusals.addressNotPublic(name, resolution.address, resolution.refusal));
    } catch (error) {
      await this.#fail(report, "", error);
    }
    return undefined;
  }

  async #connect(name: string, addresses: readonly CheckedAddress[], report: ConnectionReport): Promise<void> {
    const downstream = new Downstream(this.#client);
    let dialled: Dialled;
    try {
      dialled = await dial({ addresses, port: this.#port, onread: downstream.onread, signal: this.#gone.signal });
    } catch (error) {
      this.#context.resolver.forget(name);
      await this.#fail(report, addresses[0]?.text ?? "", error);
      return;
    }
    this.#server = dialled.socket;
    // What is not recorded does not go on.
    report.opened(dialled.address).catch(() => {
      this.destroy();
    });
    if (this.#client.destroyed) dialled.socket.destroy();
    const end = joined(this.#client, dialled.socket);
    const upstream = new Upstream(this.#client, dialled.socket, new ServerNameGate(name), (refusal) => {
      const reset = (): void => {
        end.fail(`refused: ${refusal.reason}`);
      };
      report.refused(refusal).then(reset, reset);
    });
    downstream.start(dialled.socket);
    upstream.start();
    const error = await end.ended;
    await report.closed(upstream.bytesSent, downstream.bytesReceived, error);
  }

  /** Waits no longer than the client does: a decision may be a person's, a lookup may be a dead server's. */
  async #unlessGone<T>(work: T | Promise<T>): Promise<T | undefined> {
    const result = work instanceof Promise ? await Promise.race([work, this.#goneSoon()]) : work;
    return this.#client.destroyed ? undefined : result;
  }

  async #goneSoon(): Promise<undefined> {
    const { signal } = this.#gone;
    return await new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        resolve(undefined);
      });
      if (signal.aborted) resolve(undefined);
    });
  }

  /** The refusal is reported before the client can see it, while its owner is still there to be found. */
  async #refuse(host: string, owner: Promise<number | undefined>, what: Decision | Refusal): Promise<void> {
    const decision = "outcome" in what ? what : profileDecision(what, this.#context.profileDigest);
    this.#context.reports.refused(host, this.#port, await owner, decision);
    this.#client.resetAndDestroy();
  }

  /** Permitted, but the other side could not be reached. */
  async #fail(report: ConnectionReport, address: string, error: unknown): Promise<void> {
    this.#client.resetAndDestroy();
    await report.opened(address);
    await report.closed(0, 0, describeError(error));
  }
}

/** The ends as the process inside has them: its local end is our remote one. */
function endsOf(client: Socket): SocketEnds | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = client;
  if (localAddress === undefined || localPort === undefined) return undefined;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return {
    protocol: "tcp",
    localAddress: remoteAddress,
    localPort: remotePort,
    remoteAddress: localAddress,
    remotePort: localPort,
  };
}
