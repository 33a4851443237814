import { openClient } from "./session.ts";

export interface EndAccessOptions {
  readonly endRuns?: true;
  readonly json?: true;
}

/** `bailiwick server end-access robin --end-runs`: nothing that they could come in by counts any more, and no run of their hosts goes on. */
export async function endAccessCommand(person: string, options: EndAccessOptions): Promise<number> {
  const endRuns = options.endRuns ?? false;
  await openClient(process.env).call("endPerson", {
    params: { person },
    query: { endRuns: endRuns ? "true" : "false" },
  });
  const runs = endRuns ? "; their hosts end what runs, whenever they ask" : "; runs of their hosts go on, unheard";
  process.stdout.write(
    options.json ? `${JSON.stringify({ person, endRuns })}\n` : `${person} has no access any more${runs}\n`,
  );
  return 0;
}
