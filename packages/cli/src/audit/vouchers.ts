import {
  readVerifierKey,
  readWitnessedHeads,
  rememberedByWitness,
  type KnownWitness,
  type TreeHead,
  type Verification,
} from "@bailiwick/audit";
import { formatTime } from "../format.ts";

/** What a witness vouches for, as far as that is known: from what is kept beside the log, or from itself. */
export interface Voucher {
  readonly witness: string;
  /** Undefined when it vouches for nothing, or could not be asked. */
  readonly head: TreeHead | undefined;
  /** When it cosigned, in seconds since 1970; undefined where only the witness itself says it. */
  readonly timeS: number | undefined;
  /** Why it could not be asked. */
  readonly failure: string | undefined;
}

/** As long as a person waits. */
const ASK_MS = 5_000;

/** @param ask whether the witnesses are asked; what they remember then counts beside what is kept here */
export async function findVouchers(
  directory: string,
  witnesses: readonly KnownWitness[],
  ask: boolean,
): Promise<Voucher[]> {
  if (witnesses.length === 0) return [];
  const kept = await readWitnessedHeads(directory, witnesses);
  const local = witnesses.map(({ name }) => {
    const found = kept.find(({ witness }) => witness === name);
    return { witness: name, head: found?.head, timeS: found?.timeS, failure: undefined };
  });
  if (!ask) return local;
  const [origin = ""] = (await readVerifierKey(directory)).split("+");
  return [...local, ...(await Promise.all(witnesses.map((witness) => askWitness(origin, witness))))];
}

async function askWitness(origin: string, witness: KnownWitness): Promise<Voucher> {
  const nothing = { witness: witness.name, head: undefined, timeS: undefined };
  try {
    const head = await rememberedByWitness(origin, witness, AbortSignal.timeout(ASK_MS));
    if (head === "answered wrongly") return { ...nothing, failure: head };
    return { ...nothing, head, failure: undefined };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ...nothing, failure: "could not be asked" };
  }
}

/** Which head is witnessed by whom, and how much of the log that is. */
export function voucherLines(vouchers: readonly Voucher[], { head }: Verification): string {
  const size = head?.size ?? 0;
  return vouchers
    .map(({ witness, head: seen, timeS, failure }) => {
      if (failure !== undefined) return `  witness ${witness}: ${failure}\n`;
      if (seen === undefined) return `  witness ${witness}: vouches for nothing of this log\n`;
      const when = timeS === undefined ? "says so itself" : formatTime(timeS * 1000);
      if (seen.size > size) return `  witness ${witness}: remembers ${String(seen.size)} entries (${when})\n`;
      return `  witness ${witness}: the first ${String(seen.size)} of ${String(size)} entries (${when})\n`;
    })
    .join("");
}
