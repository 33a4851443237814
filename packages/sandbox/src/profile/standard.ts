import type { ProfileSource } from "./source.ts";

/**
 * The standard profile: what a security team would accept and an agent barely notices. It reaches no host: `bailiwick init` finds
 * the ones a project needs.
 */
export const STANDARD: ProfileSource = {
  filesystem: {
    write: ["{workspace}"],
    mask: [
      // Settings with secrets in them. Those that are made to be committed say what is needed, and hold none.
      ".env",
      ".env.*",
      "!.env.example",
      "!.env.sample",
      "!.env.template",
      "!.env.dist",
      "!.env.defaults",
      ".envrc",
      ".dev.vars",
      // Logins. .npmrc is not among them: without it a project's registry is not found.
      ".netrc",
      "_netrc",
      ".pypirc",
      ".git-credentials",
      ".pgpass",
      ".my.cnf",
      ".htpasswd",
      ".dockercfg",
      ".dockerconfigjson",
      ".vault-token",
      ".aws/",
      ".azure/",
      ".gnupg/",
      ".kube/",
      ".ssh/",
      "kubeconfig",
      "*.kubeconfig",
      "credentials.json",
      "client_secret*.json",
      "service-account*.json",
      "service_account*.json",
      "serviceAccount*.json",
      // Private keys. *.pem and *.key are not among them: most are certificates and fixtures of tests.
      "id_rsa",
      "id_dsa",
      "id_ecdsa",
      "id_ecdsa_sk",
      "id_ed25519",
      "id_ed25519_sk",
      "*.ppk",
      "*.p12",
      "*.pfx",
      "*.kdbx",
      "master.key",
      // Terraform writes every secret it handles into its state.
      "*.tfstate",
      "*.tfstate.*",
    ],
    protect: [
      // Run by git, on any git command of the person. What else of a repository needs it is found by its form (see git-directories).
      ".git/hooks/",
      ".git/config",
      ".gitmodules",
      ".gitconfig",
      ".husky/",
      // Read by a shell when this directory is a home, or is linked from one.
      ".bashrc",
      ".bash_profile",
      ".profile",
      ".zshrc",
      ".zprofile",
      ".envrc",
      ".ripgreprc",
      // Run by editors when they open the directory.
      ".vscode/",
      ".idea/",
      ".zed/",
      // Run, or widened, by agents that start in the directory outside: hooks, MCP servers, permissions.
      ".mcp.json",
      ".claude/",
      ".codex/",
      ".cursor/",
      ".gemini/",
      ".opencode/",
      "opencode.json",
      "opencode.jsonc",
      ".qwen/",
      ".pi/",
      ".windsurf/",
      ".kiro/",
      ".aider.conf.yml",
      // Tightens the next run here.
      ".bailiwick/",
    ],
  },
  environment: {
    pass: [
      "TERM",
      "COLORTERM",
      "TERM_PROGRAM",
      "TERM_PROGRAM_VERSION",
      "LANG",
      "LANGUAGE",
      "LC_*",
      "TZ",
      "NO_COLOR",
      "FORCE_COLOR",
      "CLICOLOR",
      "CLICOLOR_FORCE",
      "COLUMNS",
      "LINES",
      "CI",
      "EDITOR",
      "VISUAL",
      "PAGER",
      "GIT_AUTHOR_NAME",
      "GIT_AUTHOR_EMAIL",
      "GIT_COMMITTER_NAME",
      "GIT_COMMITTER_EMAIL",
    ],
  },
  home: { seed: [".gitconfig", ".config/git/config", ".config/git/ignore"], mode: "kept" },
  limits: { processes: 4096, "open-files": 65_536, tmp: 2 * 2 ** 30 },
};

/** What is built in, by name. `bare` has nothing in it: for profiles that say everything themselves. */
export const BUILT_IN: ReadonlyMap<string, ProfileSource> = new Map([
  ["standard", STANDARD],
  ["bare", {}],
]);
