/** What is known of a request to a model and its answer, whichever API they are of. */

export type ModelApiName = "anthropic-messages" | "openai-responses" | "openai-chat" | "gemini";

/** Each token is counted once: `in` holds neither what came from a cache nor what was written to one. */
export interface ModelTokens {
  readonly in: number;
  readonly cached: number;
  readonly written: number;
  readonly out: number;
}

/** A text by its SHA-256 (of its UTF-8), and itself where it is kept. */
export interface DigestedText {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly bytes: number;
  readonly text: string | undefined;
}

/** A call of a tool that a model wrote. */
export interface WrittenCall {
  /** The API's own id for it; "" where it gives none. */
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it, or the text of a tool that takes text. */
  readonly input: string;
}

/** What an agent told of a call that came before. `failed` is undefined where the API has no word for it. */
export interface ToolResult {
  readonly id: string;
  readonly failed: boolean | undefined;
}

/** What is read of a request's body. */
export interface ModelRequest {
  readonly model: string | undefined;
  /** The newest that is not the model's own and no result of a tool: what the person, or whoever speaks for them, said. */
  readonly prompt: string;
  /** Of the calls of the model's newest turn. */
  readonly results: readonly ToolResult[];
}

/** One API of models. Both readers take whatever comes, and leave out what has another form; a request that is none of this API is undefined. */
export interface ModelApi {
  readonly name: ModelApiName;
  readonly readRequest: (body: unknown, path: string) => ModelRequest | undefined;
  /** A reader of one answer: called with each event's data of a stream, or once with a whole body. */
  readonly answerReader: (answer: ModelAnswer) => (value: unknown) => void;
}

/** What the readers of answers find. */
export interface ModelAnswer {
  named(model: string | undefined): void;
  /** Counts so far; later ones replace earlier ones. */
  used(tokens: ModelTokens): void;
  wrote(text: string | undefined): void;
  called(call: WrittenCall): void;
  /** The model said that this is all. */
  finished(): void;
}
