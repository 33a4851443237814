// The table of docs/architecture.md: who may import whom. Type-only imports count too.
const may = {
  base: [],
  policy: ["base"],
  audit: ["base"],
  sandbox: ["base", "policy", "audit"],
  egress: ["base", "policy", "audit"],
  agents: ["base", "policy"],
  secrets: ["base"],
  leaks: ["base", "secrets"],
  recording: ["base", "audit", "secrets"],
  run: ["base", "policy", "audit", "secrets", "leaks", "recording", "sandbox", "egress", "agents"],
  search: ["base", "audit", "recording"],
  evidence: ["base", "audit"],
  exports: ["base", "audit"],
  // Of the sandbox only what says whether a profile lies within another: pure, and nothing is enforced there.
  "control-plane": ["base", "policy", "audit", "evidence", "exports", "search", "sandbox/src/profile"],
  uplink: ["base", "audit", "control-plane/contract"],
  // Of the index only what an event is found by, which is what people read of it: pure. Of the record only what checks it in a browser,
  // and of recordings what makes a picture of one.
  console: ["base", "audit/src/browser", "control-plane/contract", "search/src/findable", "recording/src/picture"],
  cli: [
    ...["base", "policy", "audit", "recording", "sandbox", "egress", "agents", "run"],
    ...["search", "evidence", "exports", "control-plane", "uplink"],
  ],
};
const oneOf = (names) => `^packages/(${names.join("|")})/`;
const powers = "^(node:)?(child_process|net|dgram|worker_threads|vm|cluster|tls|https?|http2)$";
const contract = "^packages/control-plane/contract/";
module.exports = {
  forbidden: [
    // Without this, a name that does not resolve would make every direction rule pass silently.
    { name: "unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    {
      name: "pure",
      comment: "deciding is pure: time, ids and files are arguments",
      severity: "error",
      from: { path: oneOf(["base", "policy"]) + "src/", pathNot: "\\.test\\.ts$|\\.privileged\\.ts$" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "power-is-in-the-file-name",
      severity: "error",
      from: { path: "^packages/[^/]+/(src|contract)/", pathNot: "\\.privileged\\.ts$|\\.test\\.ts$" },
      to: { dependencyTypes: ["core"], dependencyTypesNot: ["type-only"], path: powers },
    },
    {
      name: "front-door-only",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: {
        path: "^packages/[^/]+/src/",
        pathNot:
          "^packages/$1/|^packages/[^/]+/src/index\\.ts$|^packages/sandbox/src/profile/index\\.ts$|^packages/search/src/findable/index\\.ts$|^packages/audit/src/browser/index\\.ts$|^packages/recording/src/picture/index\\.ts$|^packages/base/src/workers/index\\.ts$",
      },
    },
    {
      name: "contract-stands-alone",
      comment: "hosts load it, and nothing of the server",
      severity: "error",
      from: { path: contract, pathNot: "\\.test\\.ts$" },
      to: { path: "^packages/control-plane/src/" },
    },
    ...Object.entries(may).map(([name, allowed]) => ({
      name: `${name}-direction`,
      severity: "error",
      from: { path: `^packages/${name}/(src|contract)/` },
      to: { path: "^packages/", pathNot: oneOf([name, ...allowed]) },
    })),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/(dist|build|native)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
