import type { EventOf } from "@bailiwick/audit";
import type { Source } from "../source.ts";
import type { Members } from "./members.ts";
import { ERASED } from "./process.ts";
import { CLASS, type RecordParts } from "./record.ts";

/** Port 0 is a name that was asked for, and no connection. */
export function hostRefusedRecord({ host, port }: EventOf<"host.refused">): RecordParts {
  const hostname = host === "" ? ERASED : host;
  const dst_endpoint = { hostname, ...(port > 0 && { port }) };
  if (port > 0) {
    return {
      classUid: CLASS.networkActivity,
      activity: 5,
      success: false,
      members: { dst_endpoint, connection_info: OUTBOUND_TCP },
    };
  }
  return {
    classUid: CLASS.dnsActivity,
    activity: 1,
    success: false,
    members: { query: { hostname }, rcode_id: 3, src_endpoint: INSIDE },
  };
}

export function connectionRecord(
  { event: { run }, context }: Source,
  event: EventOf<"connection.opened"> | EventOf<"connection.closed">,
): RecordParts {
  const opened = event.type === "connection.opened" ? event : context.connections.get(event.connection);
  const members = {
    src_endpoint: INSIDE,
    dst_endpoint: opened === undefined ? { uid: run } : endpointOf(opened),
    connection_info: { ...OUTBOUND_TCP, uid: `${run}/c${String(event.connection)}` },
  };
  if (event.type === "connection.opened")
    return { classUid: CLASS.networkActivity, activity: 1, success: true, members };
  return {
    classUid: CLASS.networkActivity,
    activity: 2,
    success: event.error === undefined,
    members: {
      ...members,
      traffic: {
        bytes_out: event.bytesSent,
        bytes_in: event.bytesReceived,
        bytes: event.bytesSent + event.bytesReceived,
        start_time: Math.trunc(event.at - event.wallMs),
        end_time: Math.trunc(event.at),
      },
      ...(event.error !== undefined && { status_detail: event.error }),
    },
  };
}

/** HTTP Activity. Of the query only the names of its members are recorded; `url_string` would claim more. */
export function requestRecord({ run, ...event }: EventOf<"request.sent"> | EventOf<"request.refused">): RecordParts {
  const hostname = event.host === "" ? ERASED : event.host;
  const isSent = event.type === "request.sent";
  return {
    classUid: CLASS.httpActivity,
    activity: METHODS.indexOf(event.method) + 1 || 99,
    ...(METHODS.includes(event.method) ? {} : { activityName: event.method === "" ? "Unknown" : event.method }),
    success: isSent,
    members: {
      http_request: {
        ...(METHODS.includes(event.method) && { http_method: event.method }),
        ...(isSent && { uid: requestUid(run, event.request) }),
        // Without a path it was erased, or could not be read.
        ...((event.path !== "" || hostname === ERASED) && {
          url: { hostname, port: event.port, path: event.path || ERASED },
        }),
      },
      src_endpoint: INSIDE,
      dst_endpoint: { hostname, ...(event.port > 0 && { port: event.port }) },
      connection_info: { ...OUTBOUND_TCP, uid: `${run}/c${String(event.connection)}` },
      unmapped: { query_names: event.query, ...(isSent && event.credential && { credential: event.credential }) },
    },
  };
}

export function requestEndRecord({ run, ...event }: EventOf<"request.ended">): RecordParts {
  return {
    classUid: CLASS.httpActivity,
    activity: 99,
    activityName: "End",
    success: event.error === undefined,
    members: {
      http_request: { uid: requestUid(run, event.request), body_length: event.bytesSent },
      http_response: { code: event.status ?? 0, body_length: event.bytesReceived },
      src_endpoint: INSIDE,
      ...(event.error !== undefined && { status_detail: event.error }),
    },
  };
}

/** In the order of the class's activities, which begin with 1. */
const METHODS = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"];

function requestUid(run: string, request: number): string {
  return `${run}/r${String(request)}`;
}

const OUTBOUND_TCP = { direction_id: 2, protocol_name: "tcp", protocol_num: 6 };
/** Inside a run there is one host, of which nothing outside knows the address. */
const INSIDE = { name: "sandbox" };
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)$/i;

function endpointOf({ host, port, address }: EventOf<"connection.opened">): Members {
  return {
    hostname: host === "" ? ERASED : host,
    ...(port > 0 && { port }),
    ...(ADDRESS.test(address) && { ip: address }),
  };
}
