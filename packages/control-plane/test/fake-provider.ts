/** A provider of nothing but what a test says: it gives a code to whoever asks, and a token to whoever has it and the right verifier. */
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { providerSchema, type ProviderConfig } from "../src/identity/provider-config.ts";

export interface FakeProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Who is not named is in `admins`. */
  readonly groups: Map<string, readonly string[]>;
  /** Seconds since 1970, as its next tokens say. */
  authTime: () => number | undefined;
  /** How somebody proved who they are, as its next tokens say. */
  acr: string | undefined;
  /** What a person's browser would be sent back with. @param url where the server sent it @returns a path of the server */
  authorize(url: string, login: string): string;
  /** Makes the next token, or what it remembers of the next code, wrong. */
  spoil(what: "nonce" | "verifier"): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const SECRET = "BAILIWICK_FAKE_PROVIDER_SECRET";

/** The settings of a server whose people sign in there. @param roles of who is in `admins` */
export function settingsOf({ issuer, clientId }: FakeProvider, ...roles: readonly string[]): ProviderConfig {
  process.env[SECRET] = "secret";
  const groups = [{ group: "admins", roles }];
  return providerSchema.parse({ issuer, "client-id": clientId, "client-secret": { env: SECRET }, groups });
}

interface Code {
  readonly login: string;
  readonly nonce: string;
  readonly challenge: string;
}

export async function startFakeProvider(): Promise<FakeProvider> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const clientId = "bailiwick";
  const codes = new Map<string, Code>();
  const groups = new Map<string, readonly string[]>();
  let spoiled: "nonce" | "verifier" | undefined;
  let port = 0;
  let server: Server;

  function makeToken({ login, nonce }: Code): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      ...{ iss: fake.issuer, aud: clientId, sub: login, name: login, iat: now, exp: now + 60 },
      ...{ nonce: spoiled === "nonce" ? "another" : nonce, groups: groups.get(login) ?? ["admins"] },
      auth_time: fake.authTime(),
      acr: fake.acr,
    };
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${encode({ alg: "RS256" })}.${encode(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  }

  async function giveToken(request: IncomingMessage): Promise<[number, object]> {
    const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    try {
      if (code === undefined || code.challenge !== challenge || spoiled === "verifier") {
        return [400, { error: "invalid_grant" }];
      }
      return [200, { access_token: "a", token_type: "Bearer", id_token: makeToken(code) }];
    } finally {
      spoiled = undefined;
    }
  }

  async function answer(request: IncomingMessage): Promise<[number, object]> {
    const { issuer } = fake;
    switch (request.url) {
      case "/.well-known/openid-configuration":
        return [
          200,
          {
            ...{ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
            jwks_uri: `${issuer}/keys`,
          },
        ];
      case "/keys":
        return [200, { keys: [{ ...publicKey.export({ format: "jwk" }), alg: "RS256", use: "sig" }] }];
      case "/token":
        return await giveToken(request);
      case undefined:
      default:
        return [404, {}];
    }
  }

  const fake: FakeProvider & { issuer: string } = {
    issuer: "",
    clientId,
    groups,
    authTime: () => Math.floor(Date.now() / 1000),
    acr: undefined,
    authorize(url, login) {
      const asked = new URL(url).searchParams;
      const code = randomUUID();
      codes.set(code, { login, nonce: asked.get("nonce") ?? "", challenge: asked.get("code_challenge") ?? "" });
      const back = new URL(asked.get("redirect_uri") ?? "");
      back.searchParams.set("code", code);
      back.searchParams.set("state", asked.get("state") ?? "");
      return `${back.pathname}${back.search}`;
    },
    spoil(what) {
      spoiled = what;
    },
    async start() {
      server = createServer((request, response) => {
        void answer(request).then(([status, body]) => {
          response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
        });
      });
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      ({ port } = server.address() as AddressInfo);
      fake.issuer = `http://127.0.0.1:${String(port)}`;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  await fake.start();
  return fake;
}
