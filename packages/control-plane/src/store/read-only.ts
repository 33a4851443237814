import { ServerError } from "../../contract/errors.ts";

export function readOnly(cause?: unknown): ServerError {
  return new ServerError("SERVER_READ_ONLY", "the server’s database can only be read now: nothing was changed", {
    cause,
    remedy: "try again later; what is there can be looked at meanwhile",
  });
}
