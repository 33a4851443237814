import { findQuestion, resourceOfQuestion, termsOfQuestion } from "../access/questions.ts";
import type { Store } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import type { About, Notify } from "./config.ts";
import type { Addressee, Told } from "./message.ts";
import { addNotice, type Notice } from "./notices.ts";
import { addDelivery, forget, spread, takeDue, tryAgain, type Queued } from "./queue.ts";
import { keepResult } from "./results.ts";
import { send, type Sending } from "./send.ts";
import { alarmTurn, noticeTurn, questionTurn, type Turn, type Turning } from "./turns.ts";

export interface NotifierOptions extends Sending, Omit<Turning, "db"> {
  readonly store: Store;
  readonly notify: readonly Notify[];
  readonly say: (text: string) => void;
}

/** What another instance left behind, or is due again, is looked for so often. */
const LOOK_AGAIN_MS = 1_000;
/** Messages on their way at once, and a few more. */
const MOST_GOING = 50;

/**
 * Tells people elsewhere. What is to be told is in the database from the moment that what it is about is, so that whichever instance is there tells it: again
 * after a failure, until it is taken or over. So something can come twice, with the same `webhook-id` or `Message-ID`, and every link in it holds.
 */
export class Notifier {
  readonly #options: NotifierOptions & Turning;
  readonly #db: Database;
  readonly #going = new Set<Promise<void>>();
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;
  #stop: (() => Promise<void>) | undefined;

  constructor(options: NotifierOptions) {
    this.#db = options.store.db;
    this.#options = { ...options, db: this.#db };
  }

  async start(): Promise<void> {
    if (this.#options.notify.length === 0) return;
    this.#stop = await this.#options.store.onOrder(() => {
      this.#wake();
    });
    this.#options.signal.addEventListener("abort", () => {
      this.#wake();
    });
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    await this.#stop?.();
    await this.#running;
  }

  /** In the transaction that keeps the question: it is told if it is there, and not if it isn't. */
  async enqueue(transaction: Database, question: string): Promise<void> {
    const notify = this.#toldOf("questions");
    const row = notify.length === 0 ? undefined : await findQuestion(transaction, question);
    if (row === undefined) return;
    const { within } = await resourceOfQuestion(transaction, row);
    const { classes } = termsOfQuestion(row);
    const at = this.#options.now();
    for (const { receiver, teams, roles, classes: wanted } of notify) {
      if (teams !== undefined && !within.some(({ type, id }) => type === "Team" && teams.includes(id))) continue;
      if (roles !== undefined && !roles.includes(row.role ?? "operator")) continue;
      if (wanted !== undefined && !classes.some((each) => wanted.includes(each))) continue;
      await addDelivery(transaction, { notify: receiver, question, person: null, at });
    }
  }

  /** In the transaction that opens the role break-glass: whatever is told of it, for all owners. */
  async enqueueAlarm(transaction: Database, breakGlass: string): Promise<void> {
    const at = this.#options.now();
    for (const { receiver } of this.#toldOf("break-glass")) {
      await addDelivery(transaction, { notify: receiver, breakGlass, person: null, at });
    }
  }

  /** In the transaction that makes it so. */
  async enqueueNotice(transaction: Database, about: About, notice: Notice): Promise<void> {
    const { notify, now } = this.#options;
    await addNotice(transaction, { notify, about, notice, at: now() });
  }

  /** Where this instance tells, with secrets: not for answers as a whole. */
  get receivers(): readonly Notify[] {
    return this.#options.notify;
  }

  #toldOf(what: About): readonly Notify[] {
    return this.#options.notify.filter(({ about }) => about.includes(what));
  }

  async #run(): Promise<void> {
    const { signal, say, now } = this.#options;
    while (!signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      try {
        const taken = this.#going.size < MOST_GOING ? await takeDue(this.#db, now()) : [];
        for (const queued of taken) this.#begin(queued);
        if (taken.length > 0) continue;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (!signal.aborted) say(`nothing can be told elsewhere: ${error.message}`);
      }
      const timer = setTimeout(resolve, LOOK_AGAIN_MS).unref();
      await promise;
      clearTimeout(timer);
    }
    await Promise.all(this.#going);
  }

  /** Nobody waits for one that takes its time: a mail server that does not answer holds up no question to a chat. */
  #begin(queued: Queued): void {
    const { signal, say } = this.#options;
    const going = this.#deliver(queued)
      .catch((error: unknown) => {
        // It is taken again once it is not held any more.
        if (!signal.aborted) say(`something can't be told elsewhere yet: ${String(error)}`);
      })
      .finally(() => {
        this.#going.delete(going);
        this.#wake();
      });
    this.#going.add(going);
  }

  async #deliver(queued: Queued): Promise<void> {
    const notify = this.#options.notify.find(({ receiver }) => receiver === queued.row.notify);
    const turn = notify && (await this.#turnOf(queued, notify));
    // Told nowhere any more, or over.
    if (notify === undefined || turn === undefined) await forget(this.#db, queued);
    else if ("people" in turn) await spread(this.#db, queued, turn.people, this.#options.now());
    else await this.#send(queued, notify, turn.told);
  }

  async #turnOf(queued: Queued, notify: Notify): Promise<Turn> {
    if (queued.in === "notice") return await noticeTurn(this.#options, queued.row, notify);
    if (queued.row.break_glass !== null) return await alarmTurn(this.#options, queued.row, notify);
    return await questionTurn(this.#options, queued.row, notify);
  }

  async #send(queued: Queued, notify: Notify, told: Told): Promise<void> {
    const { now, say } = this.#options;
    const outcome = await send(this.#options, notify, { id: nameOf(queued), told });
    await keepResult(this.#db, notify.receiver, outcome, now());
    if (outcome.taken) return await forget(this.#db, queued);
    const what = `${told.type} could not be told to \`${notify.receiver}\`${whom(told.to)}: ${outcome.reason}`;
    if (outcome.again === "never") {
      say(`${what}; it is given up`);
      return await forget(this.#db, queued);
    }
    const failures = await tryAgain(this.#db, queued, { now: now(), afterMs: outcome.afterMs });
    if (failures === 1) say(`${what}; it is tried again`);
  }
}

/** The same of each try. */
function nameOf(queued: Queued): string {
  const id = String(queued.row.id);
  return queued.in === "notice" ? `notice_${id}` : `${queued.row.question ?? queued.row.break_glass ?? ""}_${id}`;
}

function whom(to: Addressee | undefined): string {
  return to === undefined ? "" : ` (${to.person})`;
}
