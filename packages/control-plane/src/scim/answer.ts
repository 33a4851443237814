import { STATUS_OF, type ServerError, type ServerErrorCode } from "../../contract/errors.ts";

/** As RFC 7644, 3.12 has errors; with what the server's own client reads beside it. */
export function scimProblem({ code, message, remedy }: ServerError): Readonly<Record<string, unknown>> {
  const scimType = TYPES[code];
  return {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
    status: String(STATUS_OF[code]),
    ...(scimType !== undefined && { scimType }),
    detail: remedy === undefined ? message : `${message}; ${remedy}`,
    error: { code, message, ...(remedy !== undefined && { remedy }) },
  };
}

const TYPES: Partial<Record<ServerErrorCode, string>> = {
  SERVER_CONFLICT: "uniqueness",
  SERVER_FILTER_INVALID: "invalidFilter",
  SERVER_MALFORMED: "invalidValue",
};
