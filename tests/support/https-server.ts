/** HTTPS servers outside, with an authority of the test's own that a profile trusts by `[network] trust`. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:https";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface TestAuthority {
  /** PEM file of its certificate. */
  readonly file: string;
  /** Key and certificate for these names. */
  identityOf(...names: readonly string[]): { readonly key: string; readonly cert: string };
  remove(): void;
}

/** An authority made by openssl, so that nothing here shares code with what is tested. */
export function makeAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-ca-"));
  const openssl = (...args: string[]): Buffer => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=Test authority",
  );
  let count = 0;
  return {
    file: join(folder, "ca.pem"),
    identityOf: (...names) => {
      const name = `leaf${String(++count)}`;
      const alternative = names.map((each) => `DNS:${each}`).join(",");
      const from = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "1", "-subj", `/CN=${names[0] ?? ""}`];
      const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
      openssl("req", "-x509", ...newKey, ...from, ...files, "-addext", `subjectAltName=${alternative}`, "-addext", "basicConstraints=critical,CA:FALSE"); // prettier-ignore
      return {
        key: readFileSync(join(folder, `${name}.key`), "utf8"),
        cert: readFileSync(join(folder, `${name}.pem`), "utf8"),
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An HTTPS server on loopback; resolves with its port. */
export async function serveHttps(
  identity: { readonly key: string; readonly cert: string },
  listener: RequestListener,
  host = "127.0.0.1",
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(identity, listener);
  // Beside a listener of the gateway on every address (egress-world.ts).
  server.listen({ port: 0, host, reusePort: true });
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

export type OutsideServer = Server | Http2SecureServer;

/** The same with HTTP/2 beside HTTP/1.1. */
export async function serveHttp2(
  identity: { readonly key: string; readonly cert: string },
  listener: RequestListener,
  host = "127.0.0.1",
): Promise<{ readonly server: Http2SecureServer; readonly port: number }> {
  const server = createSecureServer({ ...identity, allowHTTP1: true }, (request, response) => {
    // The compatibility layer is close enough for what tests do with it.
    listener(
      request as unknown as Parameters<RequestListener>[0],
      response as unknown as Parameters<RequestListener>[1],
    );
  });
  server.listen({ port: 0, host, reusePort: true });
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

/** A profile whose runs reach a server on this machine as `api.test`, are looked into there, and may start Node. */
export function inspectedProfile(authority: TestAuthority, port: number): string {
  return `extends = "standard"
[filesystem]
read = ["${dirname(process.execPath)}"]
[network]
allow = ["api.test:${String(port)}"]
inspect = ["api.test"]
trust = ["${authority.file}"]
[network.hosts]
"api.test" = "127.0.0.1"
`;
}
