/** Whose controls the report of an archive can map to entries. */
export const EVIDENCE_FRAMEWORKS = ["soc2", "iso27001", "nist-800-53", "eu-ai-act"] as const;
