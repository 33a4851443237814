/** Signing a device in (RFC 8628) where the server is the one that people sign in at: the device shows a code, which its person confirms in a browser. */
import { randomBytes, randomInt } from "node:crypto";
import { USER_CODE_LETTERS } from "../../contract/account-routes.ts";
import { ServerError } from "../../contract/errors.ts";
import { hashSecret } from "../identity/secrets.ts";
import type { Database } from "../store/tables.ts";
import { conflict, notFound } from "../routes/people.ts";

const LASTS_MS = 10 * 60_000;

interface BegunDevice {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly expiresInS: number;
}

export async function beginDevice(db: Database, now: number): Promise<BegunDevice> {
  await db.deleteFrom("device_sign_in").where("expires_at", "<=", now).execute();
  const deviceCode = randomBytes(32).toString("base64url");
  const letters = Array.from({ length: 8 }, () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)]).join("");
  const userCode = `${letters.slice(0, 4)}-${letters.slice(4)}`;
  await db
    .insertInto("device_sign_in")
    .values({ hash: hashSecret(deviceCode), user_code: userCode, expires_at: now + LASTS_MS, person: null })
    .execute();
  return { deviceCode, userCode, expiresInS: LASTS_MS / 1000 };
}

/** @throws ServerError SERVER_NOT_FOUND */
export async function requireDevice(db: Database, code: string, now: number): Promise<void> {
  const shown = await db
    .selectFrom("device_sign_in")
    .select("user_code")
    .where("user_code", "=", code)
    .where("person", "is", null)
    .where("denied", "=", false)
    .where("expires_at", ">", now)
    .executeTakeFirst();
  if (shown === undefined) throw notFound(`no device shows the code \`${code}\`, or it is over`);
}

/** Of two who confirm or deny, the first counts. @param person undefined: nobody signs in @throws ServerError SERVER_CONFLICT */
export async function decideDevice(
  db: Database,
  code: string,
  { person, now }: { readonly person: string | undefined; readonly now: number },
): Promise<void> {
  const { numUpdatedRows: decided } = await db
    .updateTable("device_sign_in")
    .set({ person: person ?? null, denied: person === undefined })
    .where("user_code", "=", code)
    .where("person", "is", null)
    .where("denied", "=", false)
    .where("expires_at", ">", now)
    .executeTakeFirstOrThrow();
  if (decided !== 1n)
    throw conflict("this sign-in was decided already, or is over", "begin again: `bailiwick login URL`");
}

/** @returns who confirmed it, once, and has access still; "waiting": nobody yet @throws ServerError SERVER_TOKEN_INVALID */
export async function finishDevice(
  db: Database,
  deviceCode: string,
  now: number,
): Promise<{ readonly person: string } | "waiting"> {
  const mine = db.selectFrom("device_sign_in").where("hash", "=", hashSecret(deviceCode)).where("expires_at", ">", now);
  const waiting = await mine.select(["person", "denied"]).executeTakeFirst();
  if (waiting?.person === null && !waiting.denied) return "waiting";
  const used = await db
    .deleteFrom("device_sign_in")
    .where("hash", "=", hashSecret(deviceCode))
    .where("expires_at", ">", now)
    .returning("person")
    .executeTakeFirst();
  const person = await db
    .selectFrom("person")
    .select("id")
    .where("id", "=", used?.person ?? "")
    .where("active", "=", true)
    .executeTakeFirst();
  if (person !== undefined) return { person: person.id };
  throw new ServerError("SERVER_TOKEN_INVALID", "the sign-in was denied, has expired, or never was", {
    remedy: "begin again: `bailiwick login URL`",
  });
}
