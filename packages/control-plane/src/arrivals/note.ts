/** What stands in the server's own log: one JSON object an entry, `v` first. */
export type Note =
  | {
      /** Entries of a host's record arrived; `root` is the hash of all that is held of it then, in base 64. */
      readonly type: "record.arrived";
      readonly host: string;
      readonly origin: string;
      readonly from: number;
      readonly to: number;
      readonly root: string;
    }
  | {
      /** What came contradicts what is held, or is not signed by the record's key. */
      readonly type: "record.refused";
      readonly host: string;
      readonly fault: string;
    }
  | {
      /** Its key is worth nothing from then on. */
      readonly type: "host.revoked";
      readonly host: string;
      readonly by: string;
      readonly reason: string;
    }
  | {
      /** What the host sent as the recording of this run's terminal is not what its record says it is. */
      readonly type: "recording.differs";
      readonly host: string;
      readonly run: string;
      /** The digest is of so many bytes. */
      readonly bytes: number;
    }
  | {
      /** An archive of evidence was made of these runs; without this its end was not given. */
      readonly type: "evidence.made";
      readonly by: string;
      readonly scope: { readonly type: string; readonly id: string };
      readonly reason: string;
      /** The period that it is of, in milliseconds since 1970. */
      readonly from: number;
      readonly to: number;
      readonly runs: readonly string[];
      /** Those of them whose recording is in it. */
      readonly recordings: readonly string[];
      readonly digest: string;
      readonly bytes: number;
    }
  | {
      readonly type: "right.used" | "right.refused";
      readonly who: { readonly type: string; readonly id: string };
      /** The token or session it was used by. */
      readonly by?: string;
      readonly route: string;
      readonly action: string;
      readonly resource: { readonly type: string; readonly id: string };
      readonly policies: readonly string[];
      /** The person has this opening of the role break-glass at that moment, whatever permits it. */
      readonly breakGlass?: string;
    }
  | {
      readonly type: "role.given" | "role.taken";
      /** Of the grant. */
      readonly id: string;
      readonly by: string;
      readonly to: { readonly type: string; readonly id: string };
      readonly role: string;
      readonly scope: { readonly type: string; readonly id: string };
      /** Conditions under which it is had. */
      readonly when?: object;
    }
  | {
      readonly type: "team.joined" | "team.left";
      readonly team: string;
      readonly person: string;
      readonly by: string;
    }
  | {
      readonly type: "break-glass.opened";
      readonly id: string;
      readonly by: string;
      readonly scope: { readonly type: string; readonly id: string };
      readonly reason: string;
      readonly expiresAt: number;
    }
  | { readonly type: "break-glass.ended"; readonly id: string; readonly by: string }
  | {
      /** What hosts are told from then on. */
      readonly type: "order.given" | "order.lifted";
      readonly kind: "pause" | "kill" | "lease";
      readonly scope: { readonly type: string; readonly id: string };
      readonly by: string;
      readonly reason: string;
      readonly seconds?: number;
    }
  | {
      readonly type: "policy.changed";
      readonly what: "drafted" | "approved" | "rejected" | "rolled out" | "promoted" | "halted" | "rolled back";
      readonly scope: { readonly type: string; readonly id: string };
      readonly by: string;
      readonly version?: string;
      readonly digest?: string;
      readonly percent?: number;
      readonly reason?: string;
    }
  | {
      readonly type: "question.answered";
      readonly question: string;
      readonly run: string;
      readonly bound: string;
      readonly answer: "once" | "run" | "no";
      readonly by: string;
      /** The one-time link it came by. */
      readonly link?: string;
      /** So many different people have to say yes; this is one of them. */
      readonly needs?: number;
      /** It was stepped up: this passkey, by its WebAuthn credential id, signed this answer to this question. */
      readonly credential?: string;
      readonly breakGlass?: string;
    }
  | {
      /** Who has the right, and not in this way or not for this question. */
      readonly type: "answer.refused";
      readonly question: string;
      readonly by: string;
      readonly link?: string;
      readonly why: string;
    }
  | {
      /** By a person, or by the host that has the task; `server` where its time was over. */
      readonly type: "task.changed";
      readonly what:
        | "submitted"
        | "taken"
        | "waits again"
        | "succeeded"
        | "failed"
        | "timed-out"
        | "cancelled"
        | "accepted"
        | "rejected";
      readonly task: string;
      readonly pool: string;
      readonly by: string;
      readonly host?: string;
      readonly run?: string;
      readonly reason?: string;
      /** SHA-256 of the patch. */
      readonly patch?: string;
    }
  | {
      readonly type: "pool.changed";
      readonly pool: string;
      readonly by: string;
      readonly hosts: readonly string[];
      readonly repositories: readonly string[];
      readonly profiles: readonly string[];
    }
  | {
      /** Somebody handed on their right to answer. */
      readonly type: "delegation.made";
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly scope: { readonly type: string; readonly id: string };
      readonly class?: string | undefined;
      readonly reason: string;
      readonly expiresAt: number;
    }
  | {
      /** Somebody wants what more than one person has to want. */
      readonly type: "request.made";
      readonly id: string;
      readonly route: string;
      readonly action: string;
      readonly resource: { readonly type: string; readonly id: string };
      readonly by: string;
      readonly needs: number;
    }
  | { readonly type: "request.confirmed"; readonly id: string; readonly by: string }
  | {
      readonly type: "request.ended";
      readonly id: string;
      readonly by: string;
      readonly outcome: "done" | "failed" | "rejected";
    }
  | { readonly type: "delegation.ended"; readonly id: string; readonly by: string }
  | {
      /** Whoever has this link answers this question as this person. */
      readonly type: "link.made";
      readonly link: string;
      readonly question: string;
      readonly person: string;
      /** Where it was sent to, by the name of its `[[notify]]`. */
      readonly notify: string;
    }
  | {
      /** What proves that it is this person from now on, or no longer. */
      readonly type: "passkey.added" | "passkey.removed";
      readonly id: string;
      readonly credential: string;
      readonly whom: string;
      readonly by: string;
    }
  | {
      /** What a passkey signed for this person did not count. */
      readonly type: "passkey.refused";
      readonly by: string;
      readonly about: string;
      readonly why: string;
    }
  | {
      /** Who was refused before a right of theirs was looked at, since a time: by route and why. */
      readonly type: "callers.refused";
      readonly since: number;
      /** How many different ones they came from; 1,000 is as many or more. */
      readonly addresses: number;
      readonly counts: readonly { readonly route: string; readonly code: string; readonly times: number }[];
    }
  | {
      /** Something that needs no right but what it carries: set-up, enrolment, signing in and out. */
      readonly type: "identity.changed";
      readonly what: string;
      readonly whom: string;
    };

export interface DatedNote {
  /** When it was done. */
  readonly at: number;
  /** `late`: it was read while the database took nothing, and stands here since it does. */
  readonly note: Note & { readonly late?: true };
}

/** As {@link encodeNote} wrote it: what the log holds is signed, and of nobody else. */
export function parseNote(entry: Uint8Array): DatedNote {
  const { v: _, at, ...note } = JSON.parse(Buffer.from(entry).toString()) as { v: 1; at: number } & Note; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion, @typescript-eslint/no-unused-vars -- see above; `v` is of the entry, not the note
  return { at, note: note as DatedNote["note"] };
}

export function encodeNote({ at, note }: DatedNote): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, at, ...note }));
}
