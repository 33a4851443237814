/** rsyslog, as an ordinary process with a configuration of its own: takes RFC 5424 over TLS on loopback and writes what it understood. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface SyslogMessage {
  readonly priority: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly process: string;
  readonly id: string;
  readonly data: string;
  readonly message: string;
}

export interface RunningRsyslog {
  readonly port: number;
  /** The certificate, which is its own authority. */
  readonly ca: string;
  /** What it took, also before it was started anew. */
  messages(): SyslogMessage[];
  /** Ends it as its operator would: what it has read is written. */
  stop(): Promise<void>;
}

/** Its own certificate for 127.0.0.1; made once for a directory. */
function certificate(directory: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  if (!existsSync(cert)) {
    const subject = ["-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", ...made, ...subject], { stdio: "ignore" });
  }
  return { cert, key };
}

/** @param port of one that was there before; 0: any */
export async function startRsyslog(directory: string, port = 0): Promise<RunningRsyslog> {
  mkdirSync(directory, { recursive: true });
  const { cert, key } = certificate(directory);
  const [portFile, output, config] = [
    join(directory, "port"),
    join(directory, "messages"),
    join(directory, "rsyslog.conf"),
  ];
  rmSync(portFile, { force: true });
  const member = (name: string, property: string): string =>
    `property(name="${property}" outname="${name}" format="jsonf")`;
  writeFileSync(
    config,
    `global(workDirectory="${directory}" maxMessageSize="64k" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="${cert}" defaultNetstreamDriverCertFile="${cert}" defaultNetstreamDriverKeyFile="${key}")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="json" type="list") {
  constant(value="{")
  ${member("priority", "pri")} constant(value=",") ${member("time", "timereported")} constant(value=",")
  ${member("host", "hostname")} constant(value=",") ${member("app", "app-name")} constant(value=",")
  ${member("process", "procid")} constant(value=",") ${member("id", "msgid")} constant(value=",")
  ${member("data", "structured-data")} constant(value=",") ${member("message", "msg")}
  constant(value="}\\n")
}
input(type="imtcp" address="127.0.0.1" port="${String(port)}" listenPortFileName="${portFile}")
action(type="omfile" file="${output}" template="json" fileCreateMode="0600" asyncWriting="off" ioBufferSize="64k" flushOnTXEnd="on")
`,
  );
  const child = spawn("/usr/sbin/rsyslogd", ["-n", "-f", config, "-i", join(directory, "pid")], {
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  // It writes down only a port that it chose itself.
  while (port === 0 && (!existsSync(portFile) || readFileSync(portFile, "utf8") === "")) {
    if (child.exitCode !== null) throw new Error(`rsyslogd ended with ${String(child.exitCode)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port: port === 0 ? Number(readFileSync(portFile, "utf8")) : port,
    ca: cert,
    messages: () =>
      existsSync(output)
        ? readFileSync(output, "utf8")
            .split("\n")
            .filter((line) => line.endsWith("}"))
            .map((line) => JSON.parse(line) as SyslogMessage)
        : [],
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
