import { type ChildProcess, fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import dnsPacket from "dns-packet";

/** Beside the server outside, `inside` is 127.18.0.0/15 on the same loopback: no namespaces, the same code. */
export const OUTSIDE = "127.0.0.2";
export const NAME = "bench.test";

/** A server or the gateway, as a process of its own. @param file below bench/ */
export async function start(
  file: string,
  ...args: string[]
): Promise<{ process: ChildProcess; port: number; ca: string }> {
  const child = fork(join(import.meta.dirname, "..", file), args);
  const [answer] = (await once(child, "message")) as [{ port: number; ca?: string }];
  return { process: child, port: answer.port, ca: answer.ca ?? "" };
}

/** The address inside that the gateway gives the server's name. @param port of its DNS */
export async function addressOf(port: number): Promise<string> {
  const socket = createSocket("udp4");
  socket.send(dnsPacket.encode({ type: "query", id: 1, questions: [{ type: "A", name: NAME }] }), port, "127.0.0.1");
  const [message] = (await once(socket, "message")) as [Buffer];
  socket.close();
  const [answer] = dnsPacket.decode(message).answers ?? [];
  if (answer?.type !== "A") throw new Error("the gateway gave no address");
  return answer.data;
}
