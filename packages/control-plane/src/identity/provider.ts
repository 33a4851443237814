import * as oidc from "openid-client";
import { ServerError } from "../../contract/errors.ts";
import type { ProviderConfig } from "./provider-config.ts";

/** Whom the provider vouches for. */
export interface Vouched {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string | undefined;
  readonly groups: readonly string[];
}

export interface DeviceSignIn {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUrl: string;
  readonly intervalS: number;
  readonly expiresInS: number;
}

/** What the provider's answer has, by way of the browser. */
export interface BrowserAnswer {
  readonly code?: string | undefined;
  readonly state: string;
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
  readonly iss?: string | undefined;
}

/** What is kept of a sign-in while the browser is at the provider. */
export interface BegunSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Clocks of servers and providers differ by so much at most. */
const TOLERANCE_S = 30;
const TIMEOUT_S = 10;
/** Of a proof that was asked for anew: as long as a browser may be at the provider. */
const FRESH_S = 600;
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** An OpenID Connect provider. Asked what it is when it is first needed: a server starts while its provider is away. */
export class Provider {
  readonly config: ProviderConfig;
  readonly #secret: string;
  #found: Promise<oidc.Configuration> | undefined;

  constructor(config: ProviderConfig, secret: string) {
    this.config = config;
    this.#secret = secret;
  }

  /** @see RFC 8628, 3.1 @throws ServerError SERVER_PROVIDER_FAILED */
  async startDevice(): Promise<DeviceSignIn> {
    const started = await this.#ask((found) => {
      return oidc.initiateDeviceAuthorization(found, { scope: this.config.scopes });
    });
    return {
      deviceCode: started.device_code,
      userCode: started.user_code,
      verificationUrl: started.verification_uri_complete ?? started.verification_uri,
      intervalS: started.interval ?? 5,
      expiresInS: started.expires_in,
    };
  }

  /**
   * Asks once whether a sign-in that a device began was confirmed.
   * @see RFC 8628, 3.4 and 3.5
   * @throws ServerError SERVER_TOKEN_INVALID when it was denied, has expired, or never was; SERVER_PROVIDER_FAILED
   */
  async finishDevice(deviceCode: string): Promise<Vouched | "waiting" | "slower"> {
    try {
      return await this.#ask(async (found) => {
        const answer = await oidc.genericGrantRequest(found, DEVICE_GRANT, { device_code: deviceCode });
        return await this.#vouched(found, answer);
      });
    } catch (error) {
      const said = error instanceof ServerError ? error.cause : undefined;
      if (said instanceof oidc.ResponseBodyError && said.error === "authorization_pending") return "waiting";
      if (said instanceof oidc.ResponseBodyError && said.error === "slow_down") return "slower";
      throw denied(error, "begin again: `bailiwick login URL`");
    }
  }

  /** @param fresh whoever it is has to prove it now, whatever the provider remembers @throws ServerError SERVER_PROVIDER_FAILED */
  async startBrowser({ callback, fresh }: { readonly callback: URL; readonly fresh: boolean }) {
    const begun: BegunSignIn = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    };
    const challenge = await oidc.calculatePKCECodeChallenge(begun.verifier);
    const { "step-up-acr": acr } = this.config;
    const url = await this.#ask((found) =>
      Promise.resolve(
        oidc.buildAuthorizationUrl(found, {
          redirect_uri: callback.href,
          scope: this.config.scopes,
          state: begun.state,
          nonce: begun.nonce,
          code_challenge: challenge,
          code_challenge_method: "S256",
          ...(fresh && { prompt: "login", max_age: "0", ...(acr && { acr_values: acr.join(" ") }) }),
        }),
      ),
    );
    return { url, ...begun };
  }

  /**
   * @returns for whom it vouches, and when they proved who they are, where the provider says so and `step-up-acr` is met
   * @throws ServerError SERVER_TOKEN_INVALID when it was denied, has expired, or was used; SERVER_PROVIDER_FAILED
   */
  async finishBrowser(
    answer: BrowserAnswer,
    { state, nonce, verifier, callback, fresh }: BegunSignIn & { readonly callback: URL; readonly fresh: boolean },
  ): Promise<{ readonly vouched: Vouched; readonly authenticatedAt: number | undefined }> {
    const url = new URL(callback);
    for (const [name, value] of Object.entries(answer))
      if (typeof value === "string") url.searchParams.set(name, value);
    try {
      return await this.#ask(async (found) => {
        const given = await oidc.authorizationCodeGrant(found, url, {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
          ...(fresh && { maxAge: FRESH_S }),
        });
        return { vouched: await this.#vouched(found, given), authenticatedAt: this.#authenticatedAt(given.claims()) };
      });
    } catch (error) {
      throw denied(error, "begin again at `/auth`");
    }
  }

  /** Milliseconds since 1970; undefined when the provider does not say it, or says less than was wanted. */
  #authenticatedAt(token: oidc.IDToken | undefined): number | undefined {
    const { "step-up-acr": wanted } = this.config;
    if (token?.auth_time === undefined) return undefined;
    if (wanted !== undefined && !wanted.some((acr) => acr === token["acr"])) return undefined;
    return token.auth_time * 1000;
  }

  async #vouched(
    found: oidc.Configuration,
    answer: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers,
  ): Promise<Vouched> {
    const token = answer.claims();
    if (token === undefined) throw new Error("its answer has no ID token");
    const { [this.config["groups-claim"]]: inToken } = token;
    const { [this.config["subject-claim"]]: subject } = token;
    if (typeof subject !== "string" || subject === "") throw new Error("its ID token does not say who it is");
    const needsMore = inToken === undefined && found.serverMetadata().userinfo_endpoint !== undefined;
    // Its subject has to be the token's: else one person's groups could be given to another (OpenID Connect Core, 5.3.2).
    const more = needsMore ? await oidc.fetchUserInfo(found, answer.access_token, token.sub) : {};
    const claims: Readonly<Record<string, unknown>> = { ...more, ...token };
    const { name, email, [this.config["groups-claim"]]: groups } = claims;
    const known = typeof email === "string" && claims["email_verified"] !== false ? email : undefined;
    return {
      issuer: token.iss,
      subject,
      name: (typeof name === "string" && name !== "" ? name : (known ?? subject)).slice(0, 200),
      email: known?.slice(0, 200),
      groups: Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [],
    };
  }

  async #ask<T>(question: (found: oidc.Configuration) => Promise<T>): Promise<T> {
    try {
      return await question(await (this.#found ??= this.#discover()));
    } catch (error) {
      // What it said is for the operator, by the cause; it may hold anything.
      throw new ServerError("SERVER_PROVIDER_FAILED", "the identity provider did not do its part", {
        cause: error,
        remedy: "try again later; who is signed in stays so",
      });
    }
  }

  async #discover(): Promise<oidc.Configuration> {
    const { issuer, "client-id": clientId } = this.config;
    const url = new URL(issuer);
    try {
      return await oidc.discovery(
        url,
        clientId,
        { [oidc.clockTolerance]: TOLERANCE_S },
        oidc.ClientSecretBasic(this.#secret),
        {
          timeout: TIMEOUT_S,
          // Signatures of ID tokens are checked although they come from the provider itself: a proxy in between may end TLS.
          execute: [oidc.enableNonRepudiationChecks, ...(url.protocol === "http:" ? [oidc.allowInsecureRequests] : [])],
        },
      );
    } catch (error) {
      this.#found = undefined;
      throw error;
    }
  }
}

const DENIALS: ReadonlySet<string> = new Set(["access_denied", "expired_token", "invalid_grant", "login_required"]);

/** What the person or time ended, apart from what the provider did wrong. */
function denied(error: unknown, remedy: string): unknown {
  const said = error instanceof ServerError ? error.cause : undefined;
  const isSaid = said instanceof oidc.ResponseBodyError || said instanceof oidc.AuthorizationResponseError;
  if (!isSaid || !DENIALS.has(said.error)) return error;
  const why = "the sign-in was denied, has expired, or never was";
  return new ServerError("SERVER_TOKEN_INVALID", why, { cause: said, remedy });
}
