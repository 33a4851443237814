/** Runs inside sandbox-runtime: `down` or `up` through its HTTP proxy; prints milliseconds. */
import { download, upload } from "./streams.ts";

const [direction, port] = process.argv.slice(2);
const proxy = new URL(process.env["HTTPS_PROXY"] ?? "");
const credentials = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`);
const authority = `localhost:${String(port)}`;
const preface = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${credentials.toString("base64")}\r\n\r\n`;
// Its proxy at times closes before the last kilobytes are through; the time is then taken as it is, in its favour.
const atLeast = 0.99;
const target = { host: proxy.hostname, port: Number(proxy.port), preface, atLeast };
console.log(String(await (direction === "up" ? upload(target) : download(target))));
