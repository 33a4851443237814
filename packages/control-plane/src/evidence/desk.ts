import { ServerError } from "../../contract/errors.ts";

/** Of one instance: each takes a processor for a while, which hosts and watchers share. */
const MOST_AT_ONCE = 2;

/** How many archives are being made. */
export class EvidenceDesk {
  #making = 0;

  /** @returns what says that it is over @throws ServerError SERVER_BUSY */
  begin(): () => void {
    if (this.#making >= MOST_AT_ONCE) {
      throw new ServerError("SERVER_BUSY", `the server makes ${String(MOST_AT_ONCE)} archives already`, {
        remedy: "try again when one of them is done",
      });
    }
    this.#making += 1;
    return () => {
      this.#making -= 1;
    };
  }
}
