import { OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import { STATUS_OF } from "../../contract/errors.ts";
import { ROUTE_NAMES, ROUTES, type Route } from "../../contract/routes.ts";
import { problem } from "../../contract/schemas.ts";

/** The OpenAPI 3.1 description of all routes, from the table that they are made from. */
export function describeApi(): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.openAPIRegistry.registerComponent("securitySchemes", "hostSignature", {
    type: "apiKey",
    in: "header",
    name: "Signature",
    description: "RFC 9421, by the key that the host enrolled; see docs/control-plane.md",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "__Host-bailiwick",
    description: "Of a browser that signed in at `/auth`; what changes something carries `x-bailiwick-csrf`, too",
  });
  for (const name of ROUTE_NAMES) app.openAPIRegistry.registerPath(pathOf(name, ROUTES[name]));
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Bailiwick control plane", version: "1" },
  });
}

function pathOf(operationId: string, route: Route): RouteConfig {
  const { method, path, what, needs, params, query, body, answer } = route;
  const needed =
    "action" in needs ? `Needs the right \`${needs.action}\`.` : "open" in needs ? `Open: ${needs.open}.` : "";
  return {
    operationId,
    method,
    path,
    summary: what,
    ...(needed !== "" && { description: needed }),
    security: "open" in needs ? [] : [{ token: [] }, { hostSignature: [] }, { session: [] }],
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(body && { body: { required: true, content: { "application/json": { schema: body } } } }),
    },
    responses: { ...answers(answer), ...problems() },
  };
}

function answers(answer: Route["answer"]): RouteConfig["responses"] {
  if (answer === "nothing") return { 204: { description: "Done." } };
  if (answer === "redirect") return { 303: { description: "Where the browser goes on." } };
  if (answer === "bytes") return { 200: { description: "The file.", content: { "application/octet-stream": {} } } };
  if (answer === "download") return { 200: { description: "The file.", content: { "application/zip": {} } } };
  if (answer === "events")
    return { 200: { description: "Events as they arrive.", content: { "text/event-stream": {} } } };
  if (answer === "scim") return { 200: { description: "As of RFC 7644.", content: { "application/scim+json": {} } } };
  if (answer === "page") return { 200: { description: "The page.", content: { "text/html": {} } } };
  return { 200: { description: "The answer.", content: { "application/json": { schema: answer } } } };
}

function problems(): RouteConfig["responses"] {
  const byStatus = new Map<number, string[]>();
  for (const [code, status] of Object.entries(STATUS_OF)) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      { description: codes.join(", "), content: { "application/json": { schema: problem } } },
    ]),
  );
}
