import { formatTime } from "../format.ts";
import { readDuration } from "./duration.ts";
import { openClient } from "./session.ts";

/** As the route has it. */
const LASTS = { least: 60, most: 7 * 86_400, said: "1m to 7d" } as const;

export interface InviteOptions {
  readonly name?: string;
  readonly for?: string;
  readonly json?: true;
}

/** `bailiwick server invite robin --name "Robin Roe"`: the address at which they make the passkey that they sign in by. */
export async function inviteCommand(person: string, options: InviteOptions): Promise<number> {
  const client = openClient(process.env);
  const expiresInS = options.for === undefined ? undefined : readDuration(options.for, LASTS);
  if (options.name !== undefined) await client.call("addPerson", { body: { id: person, name: options.name } });
  const body = expiresInS === undefined ? {} : { expiresInS };
  const { url, expiresAt, id } = await client.call("invitePerson", { params: { person }, body });
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ id, url, expiresAt })}\n`
      : `${url}\n\nwhoever opens this first, until ${formatTime(expiresAt)}, signs in as ${person} from then on: send it to nobody else\n`,
  );
  return 0;
}
