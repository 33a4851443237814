import { useEffect, useRef, type ReactNode } from "react";
import { formatBytes } from "@bailiwick/base";
import { Link } from "wouter";
import { isForbidden, Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { useAsked } from "../use-asked.ts";
import type { Made } from "./use-making.ts";

/** What came, saved; its digest, and whether the server’s log says the same. */
export function MadeArchive({ made: { name, file, digest } }: { readonly made: Made }): ReactNode {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    const url = URL.createObjectURL(file);
    const { current } = link;
    if (current !== null) {
      current.href = url;
      current.click();
    }
    return () => {
      URL.revokeObjectURL(url);
    };
  }, [file]);
  const facts = useAsked("server", (signal) => server.call("showServer", {}, { signal }));
  return (
    <div role="status" aria-label="The archive">
      <p>
        <strong className="good">✓ made</strong>:{" "}
        <a ref={link} href="/evidence" download={name}>
          {name}
        </a>{" "}
        ({formatBytes(file.size)})
      </p>
      <p>
        Its digest, as this browser has it: <code>{digest}</code>. <Logged digest={digest} />
      </p>
      {facts.value !== undefined && (
        <>
          <p>It is checked without this server, with its key from somebody you trust:</p>
          <pre tabIndex={0}>{`bailiwick evidence check ${name} --key '${facts.value.logKey}'`}</pre>
        </>
      )}
    </div>
  );
}

function Logged({ digest }: { readonly digest: string }): ReactNode {
  const { value, error } = useAsked(digest, async (signal) => {
    const { items } = await server.call("listEvidence", { query: { limit: 20 } }, { signal });
    return { entry: items.find((item) => item.digest === digest) };
  });
  if (error !== undefined) return isForbidden(error) ? null : <Problem error={error} />;
  if (value === undefined) return null;
  if (value.entry === undefined) return <>Its entry in the server’s log takes viewUse to see.</>;
  return (
    <>
      The server’s log has the same:{" "}
      <Link href={`/audit/${String(value.entry.index)}`}>entry {value.entry.index}, with a proof</Link>.
    </>
  );
}
