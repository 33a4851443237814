import { escapeControls } from "@bailiwick/base";
import type { Refusal } from "../refusals.ts";

/** The policy that a refusal of a request carries when the gateway itself refuses. */
export const HTTP_POLICY = "gateway:http";

function show(text: string): string {
  return escapeControls(text).slice(0, 200);
}

export const httpRefusals = {
  unreadable: (what: string): Refusal => ({
    reason: `the request cannot be read as one thing only: ${show(what)}`,
    instead: "send it with an ordinary HTTP client",
  }),
  target: (what: string): Refusal => ({
    reason: `servers could disagree about what is asked for: the request target ${show(what)}`,
    instead: "write the path plainly, without dot segments, double slashes, backslashes or double encoding",
  }),
  otherHost: (host: string, said: string): Refusal => ({
    reason: `the request is for \`${show(said)}\`, and the connection was made to \`${host}\``,
    instead: `connect to \`${show(said)}\` by its own name, if the profile lists it`,
  }),
  noHost: (host: string): Refusal => ({
    reason: `the request does not say once which host it is for`,
    instead: `send \`Host: ${host}\``,
  }),
  connect: (): Refusal => ({
    reason: "CONNECT asks for another connection behind this one",
    instead: "connect to the host itself, if the profile lists it",
  }),
  method: (method: string): Refusal => ({
    reason: `the method ${show(method)} makes servers send requests back as they got them`,
    instead: "use GET or HEAD",
  }),
  upgrade: (to: string): Refusal => ({
    reason: `an upgrade to \`${show(to)}\` would leave what follows unseen`,
    instead: "use HTTP/1.1, HTTP/2 over TLS, or a WebSocket",
  }),
  override: (name: string): Refusal => ({
    reason: `the header \`${show(name)}\` makes servers see another request than this one`,
    instead: "send the method and path that are meant",
  }),
  connectionOption: (option: string): Refusal => ({
    reason: `\`Connection: ${show(option)}\` would hide a header from one side`,
    instead: "send only `keep-alive`, `close` or `upgrade` there",
  }),
  trailers: (): Refusal => ({
    reason: "headers after the body cannot be decided about before it is sent",
    instead: "send them before the body",
  }),
  unseen: (why: string): Refusal => ({
    reason: `what is sent could not be looked at: ${why}`,
    instead: "try again; if it stays so, this is a defect of Bailiwick",
  }),
  notHttp: (): Refusal => ({
    reason: "connections to this host are looked into, and this is neither TLS nor HTTP",
    instead: "use HTTP, or ask for a profile that does not inspect this host",
  }),
} as const;
