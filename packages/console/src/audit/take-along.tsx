import { useEffect, useState, type ReactNode } from "react";

interface TakeAlongProps {
  readonly name: string;
  readonly proof: Uint8Array;
  /** Verifier keys that it is checked with. */
  readonly logKey: string;
  readonly witnessKey?: string | undefined;
}

/** The proof as a file, and how others check it without this server. */
export function TakeAlong({ name, proof, logKey, witnessKey }: TakeAlongProps): ReactNode {
  const [href, setHref] = useState<string>();
  useEffect(() => {
    const url = URL.createObjectURL(new Blob([new Uint8Array(proof)], { type: "application/octet-stream" }));
    setHref(url);
    return () => {
      URL.revokeObjectURL(url);
    };
  }, [proof]);
  const witness = witnessKey === undefined ? "" : ` --witness '${witnessKey}'`;
  return (
    <section aria-label="Take it along">
      <h2>Take it along</h2>
      <p>
        <a href={href} download={name}>
          Download {name}
        </a>
        : it is checked without this server, there with the key from somebody you trust:
      </p>
      <pre tabIndex={0}>{`bailiwick audit check ${name} --key '${logKey}'${witness}`}</pre>
    </section>
  );
}
