import { verify } from "node:crypto";
import { promisify } from "node:util";
import { keyObjectOf } from "./key.ts";
import type { VerifyEd25519 } from "./note.ts";

const verifyAside = promisify(verify);

/** As `verifyEd25519`, beside the thread that asks: for those who check many at once. Not in key.ts, because `node:util` is nothing that a run waits for. */
export const verifyEd25519Aside: VerifyEd25519 = async (publicKey, message, signature) => {
  return await verifyAside(null, message, keyObjectOf(publicKey), signature);
};
