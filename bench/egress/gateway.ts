/** The gateway, a process of its own, for the port given as its argument. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { createGatewayIn } from "../../packages/egress/src/gateway.privileged.ts";
import { checkPublicAddress, systemLookup } from "../../packages/egress/src/tcp/resolver.ts";
import { NAME, OUTSIDE } from "./setting.ts";

const port = Number(process.argv[2]);
const digest = `sha256:${"0".repeat(64)}`;
const dns = createSocket("udp4");
dns.bind(0, "127.0.0.1", () => {
  const server = createServer();
  server.listen({ host: "0.0.0.0", port, reusePort: true, backlog: 511 }, () => {
    createGatewayIn(
      {
        range: { first: 0x7f_12_00_02, last: 0x7f_13_ff_fe },
        lookup: systemLookup,
        checkAddress: checkPublicAddress,
        mostConnections: 1_500,
      },
      {
        dns,
        listeners: new Map([[port, server]]),
        rules: { allow: [{ name: NAME, port }], hosts: new Map([[NAME, OUTSIDE]]) },
        decide: () => ({
          outcome: "allow",
          policies: [],
          reason: "",
          instead: undefined,
          approver: undefined,
          policyDigest: digest,
          scope: "exact",
          failure: undefined,
        }),
        profileDigest: digest,
        findOwner: () => Promise.resolve(1),
        observer: { refused: () => undefined, opened: () => undefined, closed: () => undefined },
      },
    );
    process.send?.(dns.address().port);
  });
});
