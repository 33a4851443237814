/** The code of an operating-system error (`ENOENT`, …); undefined for every other error, which is then a defect. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
