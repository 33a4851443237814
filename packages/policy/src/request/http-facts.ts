import { toWellFormed } from "@bailiwick/base";
import type { HttpRequest } from "../types.ts";

type HttpFact = string | number | boolean | ReadonlySet<string>;

/** What policies may ask of one reading of an HTTP request. */
export class HttpFacts {
  readonly #request: HttpRequest;
  readonly #path: readonly string[];

  constructor(request: HttpRequest, path: readonly string[]) {
    this.#request = request;
    this.#path = path.map(toWellFormed);
  }

  /** UTF-16 units of what the requester chose the length of. */
  get size(): number {
    const { headers, query, method } = this.#request;
    let size = method.length;
    for (const segment of this.#path) size += segment.length + 1;
    for (const name of query) size += name.length;
    for (const [name, value] of headers) size += name.length + value.length;
    return size;
  }

  get(attribute: string): HttpFact | undefined {
    switch (attribute) {
      case "secure":
        return this.#request.secure;
      case "method":
        return this.#request.method;
      case "urlPath":
        return `/${this.#path.join("/")}`;
      case "first":
        return this.#path[0] ?? "";
      case "second":
        return this.#path[1] ?? "";
      case "third":
        return this.#path[2] ?? "";
      case "fourth":
        return this.#path[3] ?? "";
      case "last":
        return this.#path.at(-1) ?? "";
      case "depth":
        return this.#path.length;
      case "segments":
        return new Set(this.#path);
    }
    return this.#requestFact(attribute);
  }

  #requestFact(attribute: string): HttpFact | undefined {
    const { query, headers, sizeBytes, credential, program } = this.#request;
    switch (attribute) {
      case "query":
        return new Set(query.map(toWellFormed));
      case "headerNames":
        return new Set(headers.map(([name]) => toWellFormed(name)));
      case "headers":
        return new Set(headers.map(([name, value]) => toWellFormed(`${name}: ${value}`)));
      case "contentType":
        return mediaType(headers.find(([name]) => name === "content-type")?.[1] ?? "");
      case "sizeBytes":
        return sizeBytes;
      case "credential":
        return credential;
      case "program":
        return toWellFormed(program);
    }
    return undefined;
  }
}

function mediaType(value: string): string {
  return toWellFormed((value.split(";", 1)[0] ?? "").trim().toLowerCase());
}
