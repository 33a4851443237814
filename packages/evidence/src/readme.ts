import { utc } from "./document.ts";
import type { Facts } from "./facts.ts";

/** What somebody needs who opens the archive and knows nothing of Bailiwick. */
export function readme(facts: Facts): string {
  return facts.order === undefined ? ofHost(facts) : ofServer(facts);
}

function ofServer({ period, madeAt, version, logs }: Facts): string {
  return `Evidence of runs of coding agents on ${String(logs.length)} hosts
${utc(period.from)} to ${utc(period.to)} UTC; made ${utc(madeAt)} UTC by a server of Bailiwick ${version}, to which the hosts sent their records

report.html, report.pdf  to be read by people
evidence.json            the same facts, and all of them, for programs
hosts/HOST/runs/RUN.ndjson          every event of a run: its place in the host's log, and what it says
hosts/HOST/recordings/RUN.cast      what the run's terminal showed (asciicast), where that was asked for and permitted
hosts/HOST/proofs/N.tlog-proof      a proof that entry N is in the host's log (C2SP tlog-proof), with the entry in it
hosts/HOST/log/checkpoint           the head of the host's log, signed by the host and cosigned by the server
hosts/HOST/log/log.vkey             the key that this archive claims; do not trust it for being here
manifest.txt             SHA-256 of each of these files, as sha256sum checks them
manifest.note            a statement about manifest.txt and the hosts' keys, signed by the key of the server's log (C2SP signed-note)

To check all of it, with the verifier key of the server's log from somebody you trust:

  bailiwick evidence check ARCHIVE --key KEY

Without Bailiwick: sha256sum -c manifest.txt, any verifier of signed notes for manifest.note, and any
verifier of tlog-proof for the proofs, with the hosts' keys. What the records cannot show is said in the report.
`;
}

function ofHost({ period, madeAt, version }: Facts): string {
  return `Evidence of runs of coding agents
${utc(period.from)} to ${utc(period.to)} UTC; made ${utc(madeAt)} UTC by Bailiwick ${version}

report.html, report.pdf  to be read by people
evidence.json            the same facts, and all of them, for programs
runs/RUN.ndjson          every event of a run: its place in the log, and what it says
proofs/N.tlog-proof      a proof that entry N is in the log (C2SP tlog-proof), with the entry in it
log/checkpoint           the signed head of the log when this was made (C2SP tlog-checkpoint)
log/log.vkey             the key that this archive claims; do not trust it for being here
manifest.txt             SHA-256 of each of these files, as sha256sum checks them
manifest.note            a statement about manifest.txt, signed by the log's key (C2SP signed-note)

To check all of it, with the log's verifier key from somebody you trust:

  bailiwick evidence check ARCHIVE --key KEY

Without Bailiwick: sha256sum -c manifest.txt, any verifier of signed notes for manifest.note, and any
verifier of tlog-proof for the proofs. What the record cannot show is said in the report.
`;
}
