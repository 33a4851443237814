export { readServerFile, type ServerFile } from "./server-file.ts";
export { startServer, type RunningServer, type ServerOptions } from "./start-server.ts";
