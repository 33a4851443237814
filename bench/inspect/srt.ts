/**
 * sandbox-runtime's HTTP proxy as it ends TLS, a process of its own. Its parts are put together as its manager puts them together for `network.tlsTerminate`
 * with `network.filterRequest`, without the sandbox and the bridge before it: in its favour, and so that its client is the same as everybody's.
 */
import { readFileSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { createHttpProxyServer } from "../../node_modules/@anthropic-ai/sandbox-runtime/dist/sandbox/http-proxy.js";
import { createMitmCA } from "../../node_modules/@anthropic-ai/sandbox-runtime/dist/sandbox/mitm-ca.js";
import { OUTSIDE } from "./setting.ts";

const trust = process.argv[2] ?? "";
const authority = createMitmCA({});
const outside: LookupFunction = (_, { all }, done) => {
  if (all === true) done(null, [{ address: OUTSIDE, family: 4 }]);
  else done(null, OUTSIDE, 4);
};
const server = createHttpProxyServer({
  filter: () => true,
  filterRequest: () => Promise.resolve({ action: "allow" }),
  mitmCA: authority,
  tlsTerminateUpstreamCA: readFileSync(trust, "utf8"),
  lookupFor: () => outside,
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address !== "object") throw new Error("no port");
  process.send?.({ port: address.port, ca: authority.certPem });
});
