import { ROUTE_NAMES, ROUTES, type InputOf, type Route, type RouteName } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { openClient } from "./session.ts";

/** Any route of the server with what it carries as JSON: `{"params":…,"query":…,"body":…}`. */
export async function callCommand(name: string | undefined, given: string): Promise<number> {
  if (name === undefined) {
    for (const each of ROUTE_NAMES) process.stdout.write(`${each.padEnd(20)} ${ROUTES[each].what}\n`);
    return 0;
  }
  const route = ROUTE_NAMES.find((known) => known === name);
  if (route === undefined) {
    throw new CliError("CLI_USAGE", `the server has no route \`${name}\``, {
      remedy: "list them: `bailiwick server call`",
    });
  }
  const { answer }: Route = ROUTES[route];
  // What it carries is checked by the server, against the route's schema.
  const input = parse(given) as InputOf<RouteName> & object; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
  const client = openClient(process.env);
  if (answer === "events") {
    const { body } = await client.open(route, input);
    if (body !== null) for await (const chunk of body) process.stdout.write(chunk);
    return 0;
  }
  const result: unknown = await client.call(route, input);
  if (result instanceof Uint8Array) process.stdout.write(result);
  else if (result !== undefined) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  return 0;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CliError("CLI_USAGE", "what the route is given is not JSON", {
      remedy: 'for example `{"params":{"person":"robin"}}`',
    });
  }
}
