/** What pages check records with: the code of `bailiwick audit check`, with a browser's SHA-256 and Ed25519. */
export { checkProof, type ProofReport, type ProofTrust } from "../proof-file/check-proof.ts";
export { reportText } from "../proof-file/report-text.ts";
export { MAX_PROOF_BYTES } from "../proof-file/tlog-proof.ts";
export { primitives, startSha256 } from "./primitives.ts";
export { toHex } from "../hex.ts";
export { compareHead, FINE, sizeOfHead, type HeadFinding, type SeenHead, type ToldHead } from "./seen-head.ts";
