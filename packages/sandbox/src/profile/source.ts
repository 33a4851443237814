import { credentialForm } from "./credential-form.ts";
import { boolean, integer, list, map, oneOf, table, type Read } from "./form.ts";
import { budgetsForm, modelsForm } from "./models-form.ts";
import { ruleSetForm, ruleSetName } from "./rule-set-form.ts";
import { sshHostForm, sshHostName } from "./ssh-form.ts";
import {
  address,
  allowedHost,
  credentialName,
  duration,
  hostKey,
  hostPath,
  inspectedHost,
  maskPattern,
  passedVariable,
  profileReference,
  protectedPath,
  seedPath,
  setVariable,
  size,
  variableValue,
  witnessName,
} from "./words.ts";

const port = integer({ minimum: 1, maximum: 65_535, description: "TCP port" });

/** A profile as its file says it: the one definition, from which docs/schema/profile.v1.json is made as well. */
export const profileForm = table(
  {
    extends: profileReference,
    filesystem: table(
      {
        read: list(hostPath, "Parts of the host that can be read, beside the system's directories."),
        write: list(hostPath, "What can be written. Without the workspace in it, that is read-only."),
        mask: list(maskPattern, "Names and patterns that read as empty, wherever in the workspace."),
        protect: list(protectedPath, "Paths in the workspace that are read-only, also where they do not exist yet."),
      },
      "What a run sees and changes of the host.",
    ),
    network: table(
      {
        allow: list(allowedHost, "Hosts that can be reached; none but these."),
        hosts: map(hostKey, address, "Static addresses by name; the only way to a private or loopback address."),
        publish: list(port, "Ports inside that are reachable on the host's loopback."),
        inspect: list(
          inspectedHost,
          "Hosts whose TLS ends in the gateway, so that policies decide about each request.",
        ),
        rules: map(ruleSetName, ruleSetForm, "Rule sets that are shipped, by name."),
        trust: list(hostPath, "Files of root certificates (PEM) that are trusted beside the host's own."),
      },
      "What a run reaches.",
    ),
    ssh: map(sshHostName, sshHostForm, "Hosts whose SSH ends in the gateway, by name; port 22 if none is said."),
    credentials: map(credentialName, credentialForm, "Credentials that runs use and never hold."),
    environment: table(
      {
        pass: list(passedVariable, "Variables of the person that are passed on; no others are."),
        set: map(setVariable, variableValue, "Variables that are set."),
        only: list(passedVariable, "The variables that `--env` and layers below may give; without it any."),
      },
      "The environment of the command.",
    ),
    home: table(
      {
        seed: list(seedPath, "Files of the person's home that the private home starts with; never secrets."),
        mode: oneOf(["kept", "ephemeral"], "Whether the private home outlives the run."),
      },
      "The private home directory.",
    ),
    limits: table(
      {
        processes: integer({
          minimum: 1,
          maximum: 4_194_304,
          description: "Processes and threads of the run together.",
        }),
        "open-files": integer({ minimum: 16, maximum: 1_073_741_816, description: "Open files of a process." }),
        wall: { ...duration, schema: { ...duration.schema, description: "How long the run may last." } },
        "file-size": { ...size, schema: { ...size.schema, description: "Size of one file." } },
        memory: { ...size, schema: { ...size.schema, description: "Memory of the run, where cgroups are delegated." } },
        tmp: { ...size, schema: { ...size.schema, description: "Size of /tmp and of /dev/shm, which are memory." } },
      },
      "Limits.",
    ),
    models: modelsForm,
    budgets: budgetsForm,
    recording: table(
      {
        terminal: boolean("Whether what the command's terminal shows is recorded."),
        "max-size": { ...size, schema: { ...size.schema, description: "The longest that a recording gets." } },
        send: boolean("Whether recordings are sent to the server at which the host is enrolled; not, if not said."),
      },
      "The recording of the terminal.",
    ),
    leaks: table(
      {
        models: list(inspectedHost, "Hosts of models beside the agent's own: they may be sent what it reads."),
        code: { ...size, schema: { ...size.schema, description: "Of the workspace's code may go to any other host." } },
        "code-hosts": list(inspectedHost, "Hosts that any amount of the workspace's code may go to."),
      },
      "What must not leave in what is looked into.",
    ),
    record: table(
      {
        witnesses: list(witnessName, "Witnesses of the record, by the names of `bailiwick audit witness add`."),
        quorum: integer({ minimum: 0, maximum: 64, description: "How many of them must cosign; all, if not said." }),
        require: oneOf(["start", "end", "never"], "When the quorum must be had; `end`, if not said."),
      },
      "The record.",
    ),
  },
  "A profile of Bailiwick: the envelope that the kernel enforces.",
);

/** What one file says, each word in its normal form. */
export type ProfileSource = Read<typeof profileForm>;
