/** What a decision costs over the execs of a build, with 10 and with 5,000 policies. Times are microseconds. */
import { openDecider, type ExecRequest, type PolicySource, STANDARD_POLICIES } from "@bailiwick/policy";

const RUN = {
  runId: "bench",
  user: "ada",
  agent: "claude-code",
  project: "/home/ada/work",
  profile: "standard",
  labels: [],
};
const ROUNDS = 4;

export async function bench(): Promise<Record<string, number>> {
  const requests = build();
  const figures: Record<string, number> = {};
  for (const [name, sources] of [
    ["10", few()],
    ["standard", STANDARD_POLICIES],
    ["5000", [...STANDARD_POLICIES, many(4_970)]],
  ] as const) {
    const { p50, p99 } = await measure(sources, requests);
    figures[`decide-us-p50/${name}`] = p50;
    figures[`decide-us-p99/${name}`] = p99;
  }
  return figures;
}

async function measure(sources: readonly PolicySource[], requests: readonly ExecRequest[]) {
  const decider = await openDecider({ sources, cache: undefined });
  try {
    await decider.warm();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const request of requests) {
        // A line of its own in every round: a build repeats programs, seldom commands.
        const links = request.links.map((link) => ({ ...link, argv: [...link.argv, `round-${String(round)}`] }));
        const start = process.hrtime.bigint();
        const decision = decider.decide({ ...request, links });
        if (decision instanceof Promise) await decision;
        times.push(Number(process.hrtime.bigint() - start) / 1000);
      }
    }
    times.sort((a, b) => a - b);
    return { p50: times[Math.floor(times.length * 0.5)] ?? 0, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
  } finally {
    await decider.close();
  }
}

/** The shape of `npm ci`, `make` of a C project and a git script: 33 programs, about 1,500 execs. */
function build(): readonly ExecRequest[] {
  const execs: (readonly string[])[] = [
    ["npm", "ci"],
    ["npm", "run", "build"],
    ["node", "/home/ada/work/node_modules/.bin/tsc", "--noEmit"],
    ["make", "-j2"],
  ];
  for (let file = 0; file < 220; file++) {
    const source = `src/part-${String(file)}.c`;
    const flags = [
      "-O2",
      "-Wall",
      "-Wextra",
      "-Iinclude",
      "-I/usr/include/x86_64-linux-gnu",
      '-DVERSION="1.2.3"',
      "-MMD",
      "-MP",
    ];
    execs.push(
      ["sh", "-c", `cc ${flags.join(" ")} -c ${source} -o build/part-${String(file)}.o`],
      ["cc", ...flags, "-c", source, "-o", `build/part-${String(file)}.o`],
      ["cc1", "-quiet", ...flags, source, "-o", `/tmp/cc${String(file)}.s`],
      ["as", "--64", "-o", `build/part-${String(file)}.o`, `/tmp/cc${String(file)}.s`],
    );
    if (file % 4 === 0)
      execs.push(
        ["mkdir", "-p", "build"],
        ["rm", "-f", `build/part-${String(file)}.o`],
        ["sed", "-e", "s/a/b/", source],
      );
    if (file % 5 === 0)
      execs.push(
        ["node", "tools/generate.js", source],
        ["grep", "-q", "main", source],
        ["cat", source],
        ["dirname", source],
      );
    if (file % 8 === 0)
      execs.push(
        ["git", "rev-parse", "HEAD"],
        ["git", "-C", "/home/ada/work", "diff", "--stat", source],
        ["git", "ls-files", source],
      );
    if (file % 10 === 0)
      execs.push(
        ["cp", source, "build/"],
        ["basename", source],
        ["test", "-f", source],
        ["touch", source],
        ["uname", "-s"],
      );
  }
  for (const name of [
    "ar",
    "ranlib",
    "ld",
    "collect2",
    "strip",
    "install",
    "ln",
    "chmod",
    "tar",
    "gzip",
    "tr",
    "cut",
    "expr",
    "date",
    "id",
  ]) {
    for (let turn = 0; turn < 4; turn++) execs.push([name, "-v", `build/lib-${String(turn)}.a`, "build/output"]);
  }
  execs.push(["ld", ...Array.from({ length: 2_000 }, (_, file) => `build/part-${String(file)}.o`)]);
  // The rare one that Cedar has to be asked about.
  execs.push(
    ["git", "push", "origin", "feature"],
    ["git", "push", "--force", "origin", "feature"],
    ["sudo", "make", "install"],
  );
  return execs.map((argv, index) => request(argv, index));
}

function request(argv: readonly string[], index: number): ExecRequest {
  const name = argv[0] ?? "";
  const program = {
    path: `/usr/bin/${name}`,
    names: [name],
    digest: `sha256:${name}`,
    memfd: false,
    inWorkspace: false,
  };
  return {
    action: "exec",
    run: RUN,
    links: [{ program, argv }],
    cwd: RUN.project,
    timeMs: 1_800_000_000_000 + index,
    approved: false,
  };
}

function few(): readonly PolicySource[] {
  const text = `
@id("all") permit (principal, action == Action::"exec", resource);
@id("net") permit (principal, action == Action::"connect", resource);
@id("sudo") forbid (principal, action == Action::"exec", resource in ProgramGroup::"sudo");
@id("force") @ask("operator") forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
  when { context.verb == "push" && context.flags.contains("--force") } unless { context.approved };
@id("hooks") forbid (principal, action == Action::"exec", resource in ProgramGroup::"git") when { context.settings.contains("core.hookspath") };
@id("rm") forbid (principal, action == Action::"exec", resource in ProgramGroup::"rm") when { context.places.contains("home") };
@id("keys") forbid (principal, action == Action::"exec", resource in ProgramGroup::"cat") when { context.pathParts.contains("id_rsa") };
@id("publish") @ask("operator") forbid (principal, action == Action::"exec", resource in ProgramGroup::"npm")
  when { context.operands.contains("publish") } unless { context.approved };
@id("line") forbid (principal, action == Action::"exec", resource) when { context.line like "*evil.example*" };
@id("memfd") forbid (principal, action == Action::"exec", resource in ProgramGroup::"memfd");`;
  return [{ name: "few.cedar", text }];
}

/** What a company's set looks like: mostly about one program, one agent or one host each, some about any program. */
function many(count: number): PolicySource {
  const programs = ["git", "node", "npm", "make", "cc", "python3", "curl", "kubectl", "terraform", "rm"];
  const texts = Array.from({ length: count }, (_, index) => {
    const id = `company.${String(index)}`;
    const name = programs[index % programs.length] ?? "";
    switch (index % 10) {
      case 0:
        return `@id("${id}") forbid (principal, action == Action::"connect", resource in HostGroup::"*.blocked-${String(index)}.example");`;
      case 1:
      case 2:
      case 3:
        return `@id("${id}") forbid (principal in Agent::"agent-${String(index)}", action == Action::"exec", resource in ProgramGroup::"${name}");`;
      case 4:
        return index % 200 === 4
          ? `@id("${id}") forbid (principal, action == Action::"exec", resource) when { context.line like "*forbidden-${String(index)}*" };`
          : `@id("${id}") forbid (principal, action == Action::"exec", resource in ProgramGroup::"tool-${String(index)}") when { context.verb == "x" };`;
      case 5:
        return index % 100 === 5
          ? `@id("${id}") forbid (principal, action == Action::"exec", resource in ProgramGroup::"${name}") when { context.words.contains("w${String(index)}") };`
          : `@id("${id}") permit (principal in Project::"/p/${String(index)}", action == Action::"exec", resource);`;
      default:
        return `@id("${id}") forbid (principal, action == Action::"exec", resource in ProgramGroup::"tool-${String(index)}");`;
    }
  });
  return { name: "company.cedar", text: texts.join("\n") };
}
