/** Simulated hosts in a process of their own, told what to do by messages. */
import { Client } from "../../packages/control-plane/contract/index.ts";
import { quantile } from "../measure.ts";
import { TICK_MS, enrolSimulatedHost, type SimulatedHost } from "./simulated-host.ts";

export interface Load {
  readonly hosts: number;
  /** Of all of them. */
  readonly eventsPerSecond: number;
  /** In which they come, one after the other. */
  readonly comingSeconds: number;
  /** In which all of them send. */
  readonly seconds: number;
}

export type Order =
  | (Load & { readonly order: "prepare"; readonly url: string; readonly token: string })
  | { readonly order: "send"; readonly startAt: number; readonly stopAt: number };

export interface HostReport {
  readonly id: string;
  readonly run: string;
  readonly beginsMs: number;
  readonly size: number;
  readonly sizes: readonly number[];
  readonly done: boolean;
  readonly digest: string;
}

export type Report =
  | { readonly report: "prepared"; readonly hosts: readonly HostReport[] }
  | {
      readonly report: "sent";
      readonly requests: number;
      readonly refusals: number;
      /** Of half of the requests, and of all but a hundredth. */
      readonly answeredMs: { readonly p50: number; readonly p99: number };
      readonly cpuMs: number;
      readonly hosts: readonly HostReport[];
    };

const AT_ONCE = 16;
/** Its multiples, modulo one, are spread evenly however many there are: hosts neither begin nor tick in step. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
let hosts: SimulatedHost[] = [];

process.on("message", (order: Order) => {
  void obey(order).then((report) => process.send?.(report));
});

async function obey(order: Order): Promise<Report> {
  if (order.order === "prepare") {
    const owner = new Client({ url: order.url, by: { token: order.token } });
    const { url } = order;
    const perSecond = order.eventsPerSecond / order.hosts;
    const enrolled: (() => Promise<SimulatedHost>)[] = [];
    for (let number = 0; number < order.hosts; number += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, order.hosts - number) }, (_, index) =>
        enrolSimulatedHost({ url, owner, number: number + index, perSecond, ...timesOf(number + index, order) }),
      );
      enrolled.push(...(await Promise.all(some)));
    }
    hosts = [];
    for (const make of enrolled) hosts.push(await make());
    return { report: "prepared", hosts: hosts.map(reportOf) };
  }
  const { startAt, stopAt } = order;
  const before = process.cpuUsage();
  await Promise.all(hosts.map((host) => host.send(startAt, stopAt)));
  const { user, system } = process.cpuUsage(before);
  const answers = hosts.flatMap(({ answeredMs: all }) => all).sort((a, b) => a - b);
  const answeredMs = { p50: quantile(answers, 0.5), p99: quantile(answers, 0.99) };
  const [requests, refusals] = [sum((host) => host.requests), sum((host) => host.refusals)];
  return { report: "sent", requests, refusals, answeredMs, cpuMs: (user + system) / 1000, hosts: hosts.map(reportOf) };
}

function timesOf(number: number, { comingSeconds, seconds }: Load) {
  const beginsMs = Math.floor(((number * GOLDEN) % 1) * comingSeconds * 1_000);
  return { beginsMs, ticks: Math.floor(((comingSeconds + seconds) * 1_000 - beginsMs) / TICK_MS) };
}

function reportOf({ id, run, beginsMs, size, sizes, done, digest }: SimulatedHost): HostReport {
  return { id, run, beginsMs, size, sizes, done, digest };
}

function sum(of: (host: SimulatedHost) => number): number {
  return hosts.reduce((total, host) => total + of(host), 0);
}
