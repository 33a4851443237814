import { z } from "zod";
import type { AccessAction, ResourceType } from "@bailiwick/policy";

/** Who may call a route. */
export type Needs =
  /** Anybody: it gives nothing away, or proves by what it carries that it may. */
  | { readonly open: string }
  /** Whoever is known, about themselves. */
  | { readonly known: true }
  | {
      readonly action: AccessAction;
      /** What it is done to. The company; what the parameter or member of the body named `by` names; the `scope` that such a member is; the run of the `question`; or the scope of the `version` of a policy. */
      readonly resource:
        | "company"
        | { readonly type: ResourceType; readonly by: string }
        | { readonly scope: string }
        | { readonly question: string }
        | { readonly version: string };
      /** The parameter or member of the body that says whom it is for: it is the caller's own when that is them. */
      readonly for?: "to" | "person";
    }
  /** A list, of which everybody sees what they may. */
  | { readonly action: AccessAction; readonly resource: "each" };

export interface Route {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: `/${string}`;
  readonly what: string;
  readonly needs: Needs;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The page runs the server's own script, which asks the API for what it shows. */
  readonly script?: true;
  /** What it is answered with comes with cookies: it signs a browser in. */
  readonly cookies?: true;
  /** `download` is made while it is sent; `redirect` and `page` are for browsers, `scim` for directories (RFC 7644). */
  readonly answer: z.ZodType | "nothing" | "events" | "bytes" | "download" | "page" | "redirect" | "scim";
}

export const done = "nothing" as const;
/** A list, or a page of one. */
export const list = <T extends z.ZodType>(items: T) => z.object({ items: z.array(items), next: z.number().optional() });
export const by = (type: ResourceType, name: string) => ({ type, by: name }) as const;
