import type { OnReadOpts, Socket } from "node:net";
import type { Decision } from "@bailiwick/policy";
import type { AddressBook } from "../addresses/address-book.ts";
import type { CheckedAddress } from "../addresses/classify.ts";
import type { Never } from "../addresses/never.ts";
import type { HostRules } from "../names/host-rules.ts";
import { profileDecision, type Refusal, refusals } from "../refusals.ts";
import type { SocketEnds } from "../reports.ts";
import type { Inspection } from "../inspection/inspection.ts";
import type { Caller, RequestQuestion, SentRequestFacts } from "../observer.ts";
import type { SshGateway } from "../ssh/ssh-gateway.ts";
import { ServerNameGate } from "../tls/server-name-gate.ts";
import { ClearTextWatch } from "./clear-text-watch.ts";
import type { ClientInspector } from "./client-inspector.ts";
import { ConnectionReport, type ReportContext } from "./connection-report.ts";
import { dial, type Dialled, KEEP_ALIVE_MS } from "./dial.privileged.ts";
import { Downstream } from "./downstream.ts";
import { describeError, joined } from "./joined.ts";
import type { Resolver } from "./resolver.ts";
import { Upstream } from "./upstream.ts";
import { reset } from "./reset.ts";

export interface TcpContext extends ReportContext {
  readonly rules: HostRules;
  readonly book: AddressBook;
  readonly resolver: Resolver;
  readonly never: Never;
  /** `[network.hosts]`, checked. */
  readonly staticAddresses: ReadonlyMap<string, CheckedAddress>;
  /** Never rejects. */
  readonly decide: (name: string, port: number, caller: Caller | undefined) => Decision | Promise<Decision>;
  /** Never rejects. */
  readonly decideRequest: (question: RequestQuestion, sent: SentRequestFacts) => Decision | Promise<Decision>;
  readonly inspection: Inspection | undefined;
  readonly ssh: SshGateway | undefined;
  /** Counts requests of all connections, from 1. */
  readonly nextRequest: () => number;
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
  /** Outside: the one that was dialled, and those that were dialled again. */
  readonly #servers: Socket[] = [];

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

  /** With the server so far, both ways. */
  get bytesPassed(): number {
    return this.#bytesSent + this.#bytesReceived;
  }

  get #bytesSent(): number {
    return this.#servers.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }

  get #bytesReceived(): number {
    return this.#servers.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  }

  /** Ends it at once, both ways. */
  destroy(): void {
    this.#client.destroy();
    for (const server of this.#servers) server.destroy();
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
    const decision = await this.#unlessGone(decide(name, this.#port, { owner, gone: this.#gone.signal }));
    if (decision === undefined) return;
    if (decision.outcome !== "allow") {
      await this.#refuse(name, owner, decision);
      return;
    }
    const report = new ConnectionReport(this.#context, { host: name, port: this.#port, decision, owner });
    const addresses = await this.#addressesOf(name, owner, report);
    if (addresses === undefined) return;
    if (await this.#context.never.includes(name, this.#port, addresses)) {
      await this.#refuse(name, owner, refusals.controlPlane(name, this.#port));
      return;
    }
    if (this.#client.destroyed) return;
    const { inspection, ssh } = this.#context;
    const way = { name, addresses, report, owner };
    if (ssh?.covers(name, this.#port) === true) await this.#inspect(ssh, way);
    else if (inspection?.covers(name) === true) await this.#inspect(inspection, way);
    else await this.#connect(name, addresses, report);
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

  /** TLS, or SSH, ends here and requests are decided. Whatever goes wrong in there closes the connection: nothing passes unseen. */
  async #inspect(
    inspection: Pick<Inspection, "serve">,
    {
      name,
      addresses,
      report,
      owner,
    }: {
      readonly name: string;
      readonly addresses: readonly CheckedAddress[];
      readonly report: ConnectionReport;
      readonly owner: Promise<number | undefined>;
    },
  ): Promise<void> {
    const dialled = await this.#dial(name, addresses, report);
    if (dialled === undefined) return;
    const { observer, profileDigest, nextRequest, decideRequest: decide } = this.#context;
    const [client, server] = [this.#client, dialled.socket];
    const refuse = async (refusal: Refusal): Promise<void> => {
      await report.refused(refusal);
      reset(client);
    };
    const redial = async (): Promise<Socket> => await this.#redial(addresses, dialled.address);
    const inspected = { id: report.id, host: name, port: this.#port, client, server, redial, owner, refuse };
    const error = await inspection.serve({ ...inspected, decide, observer, nextRequest, profileDigest });
    this.destroy();
    await report.closed(this.#bytesSent, this.#bytesReceived, error);
  }

  /** No other than the record says. */
  async #redial(addresses: readonly CheckedAddress[], address: string): Promise<Socket> {
    const same = addresses.filter(({ text }) => text === address);
    const { socket } = await dial({ addresses: same, port: this.#port, onread: undefined, signal: this.#gone.signal });
    this.#servers.push(socket);
    if (this.#client.destroyed) socket.destroy();
    return socket;
  }

  /** `undefined` when the connection has ended instead. What is not recorded does not go on. */
  async #dial(
    name: string,
    addresses: readonly CheckedAddress[],
    report: ConnectionReport,
    onread?: OnReadOpts,
  ): Promise<Dialled | undefined> {
    let dialled: Dialled;
    try {
      dialled = await dial({ addresses, port: this.#port, onread, signal: this.#gone.signal });
    } catch (error) {
      this.#context.resolver.forget(name);
      await this.#fail(report, addresses[0]?.text ?? "", error);
      return undefined;
    }
    this.#servers.push(dialled.socket);
    report.opened(dialled.address).catch(() => {
      this.destroy();
    });
    if (this.#client.destroyed) dialled.socket.destroy();
    return dialled;
  }

  async #connect(name: string, addresses: readonly CheckedAddress[], report: ConnectionReport): Promise<void> {
    const downstream = new Downstream(this.#client);
    const dialled = await this.#dial(name, addresses, report, downstream.onread);
    if (dialled === undefined) return;
    const end = joined(this.#client, dialled.socket);
    const upstream = new Upstream(this.#client, dialled.socket, this.#inspectorFor(name, report), (refusal) => {
      const fail = (): void => {
        end.fail(`refused: ${refusal.reason}`);
      };
      report.refused(refusal).then(fail, fail);
    });
    downstream.start(dialled.socket);
    upstream.start();
    const error = await end.ended;
    await report.closed(upstream.bytesSent, downstream.bytesReceived, error);
  }

  #inspectorFor(host: string, report: ConnectionReport): ClientInspector {
    const gate = new ServerNameGate(host);
    const scan = this.#context.inspection?.scanClearText();
    if (scan === undefined) return gate;
    return new ClearTextWatch(gate, scan, (credential) => {
      report.misused(credential, "clear text");
    });
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
    reset(this.#client);
  }

  /** Permitted, but the other side could not be reached. */
  async #fail(report: ConnectionReport, address: string, error: unknown): Promise<void> {
    reset(this.#client);
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
