/**
 * `node bailiwick-verify.mjs PROOF VKEY`: the verifier that goes out to others, one file that needs nothing but Node and loads
 * nothing else. Exit status: 0 proven, 1 not so, 125 could not look.
 */
import { createPublicKey, hash, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { escapeControls } from "@bailiwick/base";
import { checkProof, type ProofPrimitives, type ProofTrust } from "../proof-file/check-proof.ts";
import { reportText } from "../proof-file/report-text.ts";

const USAGE = `node bailiwick-verify.mjs PROOF VKEY [--witness VKEY]… [--quorum N] [--json]

  PROOF      the proof, a file
  VKEY       the verifier key of the log: NAME+ID+KEY, or a file that holds it
  --witness  a witness's verifier key whose cosignature counts; may be given again
  --quorum   how many of them must have cosigned; default: all that are given
  --json     the findings as a JSON object
`;

const primitives: ProofPrimitives = {
  sha256: (bytes) => hash("sha256", bytes, "buffer"),
  verifyEd25519: (publicKey, message, signature) => {
    const x = Buffer.from(publicKey).toString("base64url");
    return verify(null, message, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
  },
};

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  try {
    const parsed = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        witness: { type: "string", multiple: true },
        quorum: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    const [proof, key] = parsed.positionals;
    if (parsed.values.help === true || proof === undefined || key === undefined || parsed.positionals.length > 2) {
      process.stderr.write(USAGE);
      return parsed.values.help === true ? 0 : 125;
    }
    const witnesses = (parsed.values.witness ?? []).map(readKey);
    const quorum = parsed.values.quorum === undefined ? witnesses.length : Number(parsed.values.quorum);
    return await check(proof, { logKey: readKey(key), witnesses, quorum }, parsed.values.json === true);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const what = "code" in error ? error.message : (error.stack ?? error.message);
    process.stderr.write(`bailiwick-verify: ${escapeControls(what)}\n`);
    return 125;
  }
}

async function check(path: string, trust: ProofTrust, json: boolean): Promise<number> {
  const report = await checkProof(readFileSync(path), trust, primitives);
  const { verdict, rows } = reportText(report);
  const lines = rows.map(([name, text]) => `  ${name.padEnd(10)} ${escapeControls(text)}\n`);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${verdict}\n${lines.join("")}`);
  return report.ok ? 0 : 1;
}

function readKey(text: string): string {
  return /^[^\s+]+\+[0-9a-f]{8}\+/.test(text) ? text : readFileSync(text, "latin1").trim();
}
