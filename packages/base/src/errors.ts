/**
 * The one base of every error that Bailiwick raises on purpose.
 * `code` is stable and closed per package; `remedy` is what the reader can do about it.
 * The message is one line, lower case, without a full stop, and never holds a secret.
 */
export abstract class BailiwickError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly remedy: string | undefined;
  constructor(code: Code, message: string, options?: { readonly cause?: unknown; readonly remedy?: string }) {
    super(message, options && "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.remedy = options?.remedy;
  }
}

/** True for an operating-system error of Node (`ENOENT` and the like) with one of the given codes. */
export function isErrno(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
