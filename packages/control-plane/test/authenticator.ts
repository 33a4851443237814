/** An authenticator in software that does what a test says, right or wrong (Web Authentication Level 3, 6). */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isoCBOR } from "@simplewebauthn/server/helpers";
import { PUBLIC } from "./browser.ts";

export interface Wrong {
  readonly origin?: string;
  readonly rpId?: string;
  /** False: nobody was asked for a finger or a PIN. */
  readonly userVerified?: boolean;
  /** What its counter says; it counts by itself otherwise. */
  readonly counter?: number;
  readonly crossOrigin?: boolean;
  readonly type?: string;
  readonly userHandle?: string;
  /** A statement with certificates, which nobody asked for. */
  readonly certificates?: boolean;
  /** The name of the new passkey, where it is not one that nobody has. */
  readonly credential?: string;
}

interface Made {
  readonly id: string;
  readonly key: KeyObject;
  readonly userHandle: string;
}

export class Authenticator {
  readonly #made: Made[] = [];
  #counter = 0;

  /** As `navigator.credentials.create`. @param options as the server gave them */
  make(options: object, wrong: Wrong = {}): object {
    const { challenge, rp, user } = options as {
      challenge: string;
      rp: { id: string };
      user: { id: string };
    };
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const id = wrong.credential === undefined ? randomBytes(32) : Buffer.from(wrong.credential, "base64url");
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const cose = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x, "base64url"))],
      [-3, new Uint8Array(Buffer.from(y, "base64url"))],
    ]);
    const length = Buffer.from([id.length >> 8, id.length & 255]);
    const credential = Buffer.concat([Buffer.alloc(16), length, id, isoCBOR.encode(cose)]);
    const authData = Buffer.concat([this.#head(rp.id, wrong, 0x40), credential]);
    const statement = wrong.certificates
      ? new Map<string, unknown>([["x5c", [new Uint8Array(8)]]])
      : new Map<string, unknown>();
    const attestationObject = isoCBOR.encode(
      new Map<string, unknown>([
        ["fmt", wrong.certificates ? "packed" : "none"],
        ["attStmt", statement],
        ["authData", new Uint8Array(authData)],
      ]) as never,
    );
    this.#made.push({ id: id.toString("base64url"), key: privateKey, userHandle: user.id });
    const clientDataJSON = clientData("webauthn.create", challenge, wrong);
    return {
      ...{ id: id.toString("base64url"), rawId: id.toString("base64url"), type: "public-key" },
      response: {
        clientDataJSON: clientDataJSON.toString("base64url"),
        attestationObject: Buffer.from(attestationObject).toString("base64url"),
        transports: ["internal"],
      },
    };
  }

  /** As `navigator.credentials.get`, by the newest of its passkeys or the one that is named. */
  sign(options: object, wrong: Wrong & { readonly by?: string } = {}): object {
    const { challenge, rpId } = options as { challenge: string; rpId: string };
    const made = this.#made.find(({ id }) => id === wrong.by) ?? this.#made.at(-1);
    if (made === undefined) throw new Error("the authenticator has no passkey");
    const authenticatorData = this.#head(rpId, wrong, 0);
    const clientDataJSON = clientData("webauthn.get", challenge, wrong);
    const hash = createHash("sha256").update(clientDataJSON).digest();
    const signature = sign("sha256", Buffer.concat([authenticatorData, hash]), made.key);
    return {
      ...{ id: made.id, rawId: made.id, type: "public-key" },
      response: {
        clientDataJSON: clientDataJSON.toString("base64url"),
        authenticatorData: authenticatorData.toString("base64url"),
        signature: signature.toString("base64url"),
        userHandle: wrong.userHandle ?? made.userHandle,
      },
    };
  }

  get credentials(): readonly string[] {
    return this.#made.map(({ id }) => id);
  }

  #head(rpId: string, wrong: Wrong, flags: number): Buffer {
    this.#counter = wrong.counter ?? this.#counter + 1;
    const verified = wrong.userVerified === false ? 0x01 : 0x05;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.#counter);
    const hash = createHash("sha256")
      .update(wrong.rpId ?? rpId)
      .digest();
    return Buffer.concat([hash, Buffer.from([verified | flags]), counter]);
  }
}

function clientData(
  type: string,
  challenge: string,
  { origin = PUBLIC, crossOrigin = false, ...wrong }: Wrong,
): Buffer {
  return Buffer.from(JSON.stringify({ type: wrong.type ?? type, challenge, origin, crossOrigin }));
}
