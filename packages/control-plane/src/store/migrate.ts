import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { ServerError } from "../../contract/errors.ts";
import type { Database } from "./tables.ts";

export interface Migration {
  /** From its file's name, `000001.sql`. Numbers that no file has were never given out. */
  readonly version: number;
  readonly text: string;
  /** SHA-256 of the text, in hexadecimal. */
  readonly checksum: string;
}

/** Any number that nothing else in the database locks. */
const LOCK = 0x6261_696c;

/**
 * Brings the tables to this version: each migration once, all or none, one instance at a time. Files of sql/ are only ever added.
 * @throws ServerError SERVER_CANNOT_START when what was applied is not what is here, or is newer
 */
export async function migrate(db: Database, migrations: readonly Migration[] = readMigrations()): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
    await sql`create table if not exists migration (version int primary key, checksum text not null)`.execute(
      transaction,
    );
    const applied = await sql<{ version: number; checksum: string }>`
      select version, checksum from migration order by version`.execute(transaction);
    const unknown = applied.rows.find((row) => !migrations.some(({ version }) => version === row.version));
    if (unknown !== undefined) {
      throw cannotMigrate(`it is of a newer version of Bailiwick (${String(unknown.version)})`, "start that version");
    }
    for (const { version, text, checksum } of migrations) {
      const known = applied.rows.find((row) => row.version === version);
      if (known === undefined) {
        for (const statement of statementsOf(text)) await sql.raw(statement).execute(transaction);
        await sql`insert into migration values (${version}, ${checksum})`.execute(transaction);
      } else if (known.checksum !== checksum) {
        throw cannotMigrate(
          `migration ${String(version)} is not the one that was applied`,
          "use the files that belong to this version",
        );
      }
    }
  });
}

/** @throws ServerError SERVER_CANNOT_START when a file is missing */
export function readMigrations(directory = locate()): Migration[] {
  const names = readdirSync(directory)
    .filter((name) => /^[0-9]{6}\.sql$/.test(name))
    .sort();
  if (!names.includes("000001.sql")) throw cannotMigrate("the first migration is missing", "install Bailiwick again");
  return names.map((name) => {
    const version = Number(name.slice(0, 6));
    const text = readFileSync(`${directory}/${name}`, "utf8");
    return { version, text, checksum: createHash("sha256").update(text).digest("hex") };
  });
}

/** Statements end with `;` at the end of a line; no text in sql/ holds one elsewhere. */
function statementsOf(text: string): string[] {
  return text
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement.replaceAll(/^--.*$/gm, "").trim() !== "");
}

/** Beside the bundle they are in `sql`; unbuilt, beside the sources. */
function locate(): string {
  const beside = fileURLToPath(new URL("./sql", import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL("../../sql", import.meta.url));
}

function cannotMigrate(why: string, remedy: string): ServerError {
  return new ServerError("SERVER_CANNOT_START", `the database can't be used: ${why}`, { remedy });
}
