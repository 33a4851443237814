import { ServerError } from "../../contract/errors.ts";
import type { Database } from "../store/tables.ts";
import { giveByGroups, rulesOf } from "./groups.ts";
import type { ProviderConfig } from "./provider-config.ts";
import type { Vouched } from "./provider.ts";
import { makeId } from "./secrets.ts";

/**
 * The person whom the provider vouches for, made at their first sign-in, with the teams and roles of their groups as they are now.
 * Never found by name or address: whoever can choose theirs at the provider would become somebody else here.
 * @param until when what the groups gave ends, unless they sign in again
 * @throws ServerError SERVER_FORBIDDEN who is in no group that may and was not provisioned, or whose access was ended
 */
export async function admit(
  db: Database,
  vouched: Vouched,
  { groups, now, until }: { readonly groups: ProviderConfig["groups"]; readonly now: number; readonly until: number },
): Promise<string> {
  const theirs = rulesOf(groups, vouched.groups);
  return await db
    .transaction()
    .execute(async (transaction) => {
      const person = await findPerson(transaction, vouched, { mayBeMade: theirs.length > 0, now });
      await giveByGroups(transaction, person, theirs, { source: "signIn", now, until });
      return theirs.length > 0 || (await isProvisioned(transaction, person)) ? person : undefined;
    })
    .then((person) => {
      // After the transaction: who left all groups loses what they gave although the sign-in is refused.
      if (person !== undefined) return person;
      throw refused("you are in no group that may sign in here", "ask whoever administers the groups");
    });
}

async function findPerson(
  db: Database,
  { issuer, subject, name, email }: Vouched,
  { mayBeMade, now }: { readonly mayBeMade: boolean; readonly now: number },
): Promise<string> {
  if (mayBeMade) {
    // Of two first sign-ins at once one makes the person.
    await db
      .insertInto("person")
      .values({ id: makeId(name), name, email: email ?? null, issuer, subject, created_at: now })
      .onConflict((conflict) => conflict.columns(["issuer", "subject"]).doNothing())
      .execute();
  }
  const row = await db
    .selectFrom("person")
    .select(["id", "active"])
    .where("issuer", "=", issuer)
    .where("subject", "=", subject)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) {
    throw refused("you are in no group that may sign in here", "ask whoever administers the groups");
  }
  if (!row.active) throw refused("your access was ended", "ask an owner");
  return row.id;
}

/** Whom the company's directory says, in whatever groups, may sign in. */
async function isProvisioned(db: Database, person: string): Promise<boolean> {
  const row = await db
    .selectFrom("scim_user")
    .select("person")
    .where("person", "=", person)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  return row !== undefined;
}

function refused(why: string, remedy: string): ServerError {
  return new ServerError("SERVER_FORBIDDEN", why, { remedy });
}
