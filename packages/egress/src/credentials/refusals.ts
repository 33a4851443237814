import type { Refusal } from "../refusals.ts";

/** The policy that a refusal on account of a credential carries. */
export function credentialPolicy(credential: string): string {
  return `credential:${credential}`;
}

export function misusedPlaceholder({ credential, where }: { credential: string; where: string }): Refusal {
  return {
    reason: `the placeholder of the credential \`${credential}\` does not belong here (${where})`,
    instead: "use it only for the hosts, methods and paths that the profile gives it, in the form that it has there",
  };
}

export function otherCredential(host: string, credential: string, where: string): Refusal {
  return {
    reason: `requests to \`${host}\` are made with the credential \`${credential}\` or none, and this one carries another (${where})`,
    instead: "leave it out, or use the variable that the profile provides",
  };
}

export function otherAccount(host: string, header: string): Refusal {
  return {
    reason: `requests to \`${host}\` are made for one account, and this one names another (header \`${header}\`)`,
    instead: "leave that header out",
  };
}

export function signedPieces(): Refusal {
  return {
    reason: "each piece of this body is signed, with a key that is only a placeholder",
    instead: "send the digest of the whole body, or `UNSIGNED-PAYLOAD`, in `x-amz-content-sha256`",
  };
}

/** @param limit in bytes; 0: the protocol has no place where the body could wait */
export function unsignableBody(limit: number): Refusal {
  return {
    reason:
      limit === 0
        ? "a signature covers the body, and this request does not say its digest"
        : `a signature covers the body, and this one is longer than ${String(limit)} bytes without its digest`,
    instead: "send the SHA-256 of the body in `x-amz-content-sha256`",
  };
}

/** @param limit in bytes */
export function crowdedBody(limit: number): Refusal {
  return {
    reason: `a signature covers the body, and all that wait for theirs may hold ${String(limit)} bytes together`,
    instead: "send the SHA-256 of the body in `x-amz-content-sha256`, or ask again when others are through",
  };
}
