import type { ReactNode } from "react";

/** What failed, and what to do about it. */
export function Problem({ error }: { readonly error: unknown }): ReactNode {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof Error && "remedy" in error ? error.remedy : undefined;
  return (
    <div role="alert" className="problem">
      <p>{message}</p>
      {typeof remedy === "string" && <p>What to do: {remedy}</p>}
    </div>
  );
}

/** The server's own code of what it refused, whatever this is. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function isForbidden(error: unknown): boolean {
  return codeOf(error) === "SERVER_FORBIDDEN";
}
