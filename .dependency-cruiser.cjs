// The table of docs/architecture.md: who may import whom. Type-only imports count too.
const may = {
  base: [],
  policy: ["base"],
  audit: ["base"],
  sandbox: ["base", "policy", "audit"],
  egress: ["base", "policy", "audit"],
  agents: ["base", "policy"],
  run: ["base", "policy", "audit", "sandbox", "egress", "agents"],
  search: ["base", "audit"],
  cli: ["base", "policy", "audit", "sandbox", "egress", "agents", "run", "search"],
};
const oneOf = (names) => `^packages/(${names.join("|")})/`;
const powers = "^(node:)?(child_process|net|dgram|worker_threads|vm|cluster)$";
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
      from: { path: "^packages/[^/]+/src/", pathNot: "\\.privileged\\.ts$|\\.test\\.ts$" },
      to: { dependencyTypes: ["core"], dependencyTypesNot: ["type-only"], path: powers },
    },
    {
      name: "front-door-only",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: { path: "^packages/[^/]+/src/", pathNot: "^packages/$1/|^packages/[^/]+/src/index\\.ts$" },
    },
    ...Object.entries(may).map(([name, allowed]) => ({
      name: `${name}-direction`,
      severity: "error",
      from: { path: `^packages/${name}/src/` },
      to: { path: "^packages/", pathNot: oneOf([name, ...allowed]) },
    })),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/(dist|build|native)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
