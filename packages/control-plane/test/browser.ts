/** A browser's cookies, and what it sends along with a page of the server. */
import assert from "node:assert/strict";
import type { FakeProvider } from "./fake-provider.ts";

/** Where browsers of tests believe the server to be. */
export const PUBLIC = "https://bailiwick.company.example";

export class TestBrowser {
  readonly jar = new Map<string, string>();
  readonly #url: string;
  readonly #provider: FakeProvider | undefined;

  constructor(url: string, provider?: FakeProvider) {
    this.#url = url;
    this.#provider = provider;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await this.send("GET", path, headers);
  }

  async send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Response> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(new URL(path, this.#url), {
      method,
      redirect: "manual",
      headers: { ...(cookie !== "" && { cookie }), ...headers },
      ...(body !== undefined && { body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return response;
  }

  /** Goes to the provider as `login`. @returns the path with which it comes back */
  async begin(login: string, query = ""): Promise<string> {
    const started = await this.get(`/auth/start${query}`);
    assert.equal(started.status, 303, await started.text());
    assert.ok(this.#provider !== undefined);
    return this.#provider.authorize(started.headers.get("location") ?? "", login);
  }

  async signIn(login: string, query = ""): Promise<Response> {
    return await this.get(await this.begin(login, query));
  }

  async session(headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    const response = await this.get("/api/v1/session", headers);
    return (await response.json()) as Record<string, unknown>;
  }

  /** What a page of the server sends along. */
  async ofOwnPage(): Promise<Record<string, string>> {
    const { csrfToken } = await this.session();
    return { origin: PUBLIC, "sec-fetch-site": "same-origin", "x-bailiwick-csrf": String(csrfToken) };
  }

  /** As a script of the server's page asks. */
  async ask(method: string, path: string, body?: object): Promise<Asked> {
    const headers = { ...(await this.ofOwnPage()), "content-type": "application/json" };
    const response = await this.send(method, path, headers, body && JSON.stringify(body));
    const text = await response.text();
    const answer = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, answer, error: answer["error"] as Asked["error"] };
  }
}

export interface Asked {
  readonly status: number;
  readonly answer: Record<string, unknown>;
  readonly error: { readonly code: string; readonly message: string; readonly remedy?: string } | undefined;
}
