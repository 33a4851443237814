import type { AgentKey } from "../support/scripted-run.ts";

/** How each real agent is started without a person and led to a scripted model: facts of the pinned versions. */
export interface AgentCase {
  /** The adapter that must recognise it. */
  readonly agent: string;
  readonly binary: string;
  readonly arguments: readonly string[];
  /** The agent's settings in the person's home, seeded into the run's. */
  readonly home: (origin: string) => Readonly<Record<string, string>>;
  readonly environment: (origin: string) => Readonly<Record<string, string>>;
  readonly key: AgentKey;
  /** The rule set of the interface that it speaks. */
  readonly rules: "anthropic" | "openai" | "gemini";
}

const PROMPT = "Please do the work.";

const claudeCode: AgentCase = {
  agent: "claude-code",
  binary: "claude",
  arguments: ["-p", PROMPT, "--output-format", "json", "--dangerously-skip-permissions"],
  home: () => ({}),
  environment: (origin) => ({ ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: "sk-scripted" }),
  key: { variable: "ANTHROPIC_API_KEY", form: 'kind = "header"\nheader = "x-api-key"' },
  rules: "anthropic",
};

const codexSettings = (origin: string, model: string): string => `
model = "${model}"
model_provider = "scripted"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.scripted]
name = "scripted"
base_url = "${origin}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 1
stream_max_retries = 1
`;

const codexWith = (model: string): AgentCase => ({
  agent: "codex",
  binary: "codex",
  arguments: [
    "exec",
    "--json",
    "--skip-git-repo-check",
    // They would look for plugins on a host that is not allowed, and retry for ever.
    "--disable",
    "plugins",
    "--disable",
    "unbounded_connection_retries",
    "--dangerously-bypass-approvals-and-sandbox",
    PROMPT,
  ],
  home: (origin) => ({ ".codex/config.toml": codexSettings(origin, model) }),
  environment: () => ({ SCRIPTED_KEY: "sk-scripted" }),
  key: { variable: "SCRIPTED_KEY", form: 'kind = "bearer"' },
  rules: "openai",
});

const geminiCli: AgentCase = {
  agent: "gemini-cli",
  binary: "gemini",
  arguments: ["-m", "gemini-2.5-flash", "-p", PROMPT, "--output-format", "stream-json", "--approval-mode", "yolo"],
  home: () => ({
    ".gemini/settings.json": JSON.stringify({
      security: { auth: { selectedType: "gemini-api-key" } },
      privacy: { usageStatisticsEnabled: false },
    }),
  }),
  environment: (origin) => ({
    GEMINI_API_KEY: "scripted",
    GOOGLE_GEMINI_BASE_URL: origin,
    GEMINI_CLI_TRUST_WORKSPACE: "true",
  }),
  key: { variable: "GEMINI_API_KEY", form: 'kind = "header"\nheader = "x-goog-api-key"' },
  rules: "gemini",
};

const opencode: AgentCase = {
  agent: "opencode",
  binary: "opencode",
  arguments: ["run", "--auto", "--format", "json", PROMPT],
  home: (origin) => ({
    ".config/opencode/opencode.json": JSON.stringify({
      model: "scripted/scripted-1",
      small_model: "scripted/scripted-1",
      enabled_providers: ["scripted"],
      share: "disabled",
      provider: {
        scripted: {
          npm: "@ai-sdk/openai-compatible",
          name: "scripted",
          options: { baseURL: `${origin}/v1`, apiKey: "{env:SCRIPTED_KEY}" },
          models: { "scripted-1": { name: "scripted-1", tool_call: true, limit: { context: 100_000, output: 8_000 } } },
        },
      },
    }),
  }),
  // It would install its plugins' package in the background, from a registry that is not allowed.
  environment: () => ({
    OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    npm_config_offline: "true",
    SCRIPTED_KEY: "sk-scripted",
  }),
  key: { variable: "SCRIPTED_KEY", form: 'kind = "bearer"' },
  rules: "openai",
};

export const cases: Readonly<Record<string, AgentCase>> = {
  "Claude Code": claudeCode,
  Codex: codexWith("gpt-5.5"),
  // The same agent drives the shell by JavaScript with newer models.
  "Codex in code mode": codexWith("gpt-6-sol"),
  "Gemini CLI": geminiCli,
  opencode,
};
