export { testOfProposal } from "./proposal-test.ts";
export { questionRows } from "./question-rows.ts";
export { Client, pages, type Caller, type CallOptions } from "./client.ts";
export { downloadEvidence, EVIDENCE_FRAMEWORKS, evidenceFileName, type DownloadOptions } from "./evidence-bytes.ts";
export { MOST_EVIDENCE_RUNS, type EvidenceMade, type NewEvidence } from "./evidence-routes.ts";
export type { HostFacts } from "./host-routes.ts";
export { isServerErrorCode, ServerError, STATUS_OF, type ServerErrorCode } from "./errors.ts";
export {
  LONGEST_S,
  LONGEST_WAIT_MS,
  ORDERS_STATEMENT,
  standing,
  type NewOrder,
  type Order,
  type Standing,
} from "./orders.ts";
export {
  LAYER_OF,
  POLICY_STATEMENT,
  policyStanding,
  type HeldLayer,
  type PolicyDrift,
  type PolicyRelease,
  type PolicyScope,
  type PolicyStanding,
  type PolicyVersion,
} from "./policies.ts";
export { MOST_CHARACTERS, type Ask, type GivenAnswer, type QuestionOfServer } from "./questions.ts";
export { MOST_PIECE_BYTES, MOST_READ_BYTES, type RecordingOfServer } from "./recording-routes.ts";
export { followRecording, type RecordedBytes } from "./recording-bytes.ts";
export { ROUTE_NAMES, ROUTES, type AnswerOf, type InputOf, type Needs, type Route, type RouteName } from "./routes.ts";
export { followRun, readSeen, type FollowOptions, type SeenEvent } from "./run-events.ts";
export type { Append, Appended, Arrived, RunOfServer } from "./schemas.ts";
export {
  CLOCK_TOLERANCE_S,
  contentDigest,
  enrolmentMessage,
  publicKeyOf,
  signAs,
  signRequest,
  verifyRequest,
  type SignedRequest,
  type Verification,
} from "./signing.ts";
export {
  MOST_PATCH_BYTES,
  MOST_PROMPT,
  type HandIn,
  type NewTask,
  type Pool,
  type TaskCost,
  type TaskOfServer,
} from "./tasks.ts";
