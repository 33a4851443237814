import pg from "pg";

/** Makes all databases of a server of databases read-only, or takes that back; who is connected already finds it so soon afterwards. */
export async function setReadOnly(database: string, on: boolean): Promise<void> {
  await queryAnyway(database, on ? SET : RESET);
  await queryAnyway(database, "select pg_reload_conf()");
}

const SET = "alter system set default_transaction_read_only = on";
const RESET = "alter system reset default_transaction_read_only";

/** On a connection of its own, which may write whatever holds for others. */
export async function queryAnyway(database: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query("set default_transaction_read_only = off");
    const { rows }: { rows: unknown[] } = await client.query(text);
    return rows;
  } finally {
    await client.end();
  }
}
