import { useEffect, useRef, useState } from "react";
import { startSha256, toHex } from "@bailiwick/audit/browser";
import type { InputOf } from "@bailiwick/control-plane/contract";
import { downloadEvidence, evidenceFileName } from "@bailiwick/control-plane/contract/evidence-bytes";
import { server } from "../server.ts";

export type Wanted = InputOf<"makeEvidence">["body"];

export interface Made {
  readonly name: string;
  readonly file: Blob;
  /** SHA-256 of what came, as this browser has it. */
  readonly digest: string;
}

/** An archive is asked for, comes piece by piece, and is there when its end has come. */
export type Making =
  | { readonly state: "nothing" }
  | { readonly state: "making"; readonly bytes: number }
  | { readonly state: "failed"; readonly error: unknown }
  | ({ readonly state: "made" } & Made);

interface Maker {
  readonly making: Making;
  readonly make: (wanted: Wanted) => void;
  readonly cancel: () => void;
}

/** One at a time. Who leaves the page has none. */
export function useMaking(onMade: () => void): Maker {
  const [making, setMaking] = useState<Making>({ state: "nothing" });
  const ending = useRef<AbortController>(undefined);
  useEffect(() => () => ending.current?.abort(), []);
  const make = (wanted: Wanted): void => {
    const own = new AbortController();
    ending.current?.abort();
    ending.current = own;
    const show = (next: Making): void => {
      if (!own.signal.aborted) setMaking(next);
    };
    show({ state: "making", bytes: 0 });
    download(wanted, own.signal, (bytes) => show({ state: "making", bytes })).then(
      (made) => {
        show({ state: "made", ...made });
        if (!own.signal.aborted) onMade();
      },
      (error: unknown) => show({ state: "failed", error }),
    );
  };
  const cancel = (): void => {
    ending.current?.abort();
    setMaking({ state: "nothing" });
  };
  return { making, make, cancel };
}

async function download(wanted: Wanted, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<Made> {
  const hash = startSha256();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const piece of downloadEvidence(server, wanted, { signal })) {
    hash.update(piece);
    pieces.push(new Uint8Array(piece));
    bytes += piece.length;
    onBytes(bytes);
  }
  return {
    name: evidenceFileName(wanted.scope, Date.now()),
    file: new Blob(pieces, { type: "application/zip" }),
    digest: `sha256:${toHex(hash.digest())}`,
  };
}
