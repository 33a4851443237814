import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Decision } from "@bailiwick/policy";
import { describeError } from "../tcp/joined.ts";
import type { Exchange } from "./exchange.ts";
import { answerFields, type Fields, fieldsOf, flat, tokensOf } from "./headers.ts";
import { outgoing, type Pair, send, type Sending } from "./http1-onward.privileged.ts";
import { pump } from "./pump.ts";
import { headOf } from "./raw-answer.ts";
import { httpRefusals } from "./refusals.ts";
import { type FramePiece, WebSocketFrames } from "./websocket-frames.ts";

/** A WebSocket: the request is decided as any other; after the server's 101 both sides' bytes pass as they are. */
export function upgrade(pair: Pair, request: IncomingMessage, client: Duplex, admission: Sending): void {
  const { exchange } = admission;
  const headers = [
    ...outgoing(request, withoutExtensions(admission.fields)),
    "Connection",
    "Upgrade",
    "Upgrade",
    "websocket",
  ];
  const onward = send(pair, request, admission, headers);
  const end = (error: string | undefined): void => {
    exchange.end(error);
    client.destroy();
    onward.destroy();
  };
  onward.on("error", (error) => end(`server: ${describeError(error)}`));
  onward.on("upgrade", (answer, server, head: Buffer) => {
    const fields = fieldsOf(answer.rawHeaders);
    exchange.answered(answer.statusCode, fields);
    const scan = pair.exchanges.scanAnswer();
    if (tokensOf(fields, "sec-websocket-extensions").length > 0) {
      end("refused: the server uses an extension that it was not offered");
      return;
    }
    if (tokensOf(fields, "upgrade").join() !== "websocket" || scan?.take(Buffer.from(flat(fields).join("\n")))) {
      end("refused: the server upgraded to something else");
      return;
    }
    if (head.length > 0) server.unshift(head);
    client.write(headOf(answer, fields));
    pump(client, server, sendsOf(pair, exchange, end), () => server.end());
    const heard = new WebSocketFrames();
    pump(server, client, (chunk) => {
      exchange.received(chunk);
      for (const piece of heard.take(chunk)) exchange.receivedPiece(piece);
      const found = scan?.take(chunk);
      if (found === undefined) return true;
      pair.exchanges.misusedInAnswer(found);
      end(`refused: the answer holds the credential \`${found}\``);
      return false;
    });
    server.on("error", (error) => end(`server: ${describeError(error)}`));
    server.once("end", () => client.end());
    for (const socket of [client, server]) socket.once("close", () => end(undefined));
  });
  onward.on("response", (answer) => {
    exchange.status = answer.statusCode;
    const fields = [...answerFields(fieldsOf(answer.rawHeaders)), ["Connection", "close"] as const];
    client.write(
      headOf(
        answer,
        fields.filter(([name]) => name.toLowerCase() !== "content-length"),
      ),
    );
    pump(answer, client, (chunk) => {
      exchange.received(chunk);
      return true;
    });
    answer.on("end", () => {
      exchange.end(undefined);
      client.end();
    });
    answer.on("error", (error) => end(`server: ${describeError(error)}`));
  });
  onward.end();
}

/**
 * What a client says, looked at before it goes on. A ping between two frames of a message is none of it: whoever gets the message does not see what a secret
 * was cut by.
 */
function sendsOf(
  { exchanges }: Pair,
  exchange: Exchange,
  end: (error: string) => void,
): (chunk: Buffer) => Promise<boolean> {
  const said = new WebSocketFrames();
  const scan = exchanges.credentials.scanBody();
  const verdictOf = async ({ kind, bytes }: FramePiece): Promise<Decision | undefined> => {
    const found = kind === "control" ? undefined : scan?.take(bytes);
    const misuse = found === undefined ? undefined : exchanges.misusedInBody(found);
    return misuse ?? (await (kind === "control" ? exchange.aside : exchange.look)?.take(bytes));
  };
  return async (chunk) => {
    exchange.sent(chunk);
    for (const piece of said.take(chunk)) {
      exchange.sentPiece(piece);
      const decision = await verdictOf(piece);
      if (decision === undefined) continue;
      end(`refused: ${decision.reason}`);
      return false;
    }
    if (said.broken === undefined) return true;
    const { reason } = await exchanges.refuseUnread(httpRefusals.unreadable(said.broken));
    end(`refused: ${reason}`);
    return false;
  };
}

/** Nothing is compressed then, and what is said can be read. A client that wants them does without. */
function withoutExtensions(fields: Fields): Fields {
  return fields.filter(([name]) => name.toLowerCase() !== "sec-websocket-extensions");
}
