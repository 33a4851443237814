/**
 * Places in a home directory that hold credentials. None of them is ever mounted or copied into a run, whatever a profile says
 * in passing (a PATH entry, a seed): a login that a run needs is made inside it, once, in the private home.
 */
const SECRET_PATHS: readonly string[] = [
  ".ssh",
  ".gnupg",
  ".password-store",
  ".pki",
  ".netrc",
  "_netrc",
  ".git-credentials",
  ".config/git/credentials",
  ".config/gh",
  ".config/glab-cli",
  ".config/hub",
  ".aws",
  ".azure",
  ".config/gcloud",
  ".boto",
  ".s3cfg",
  ".kube",
  ".docker",
  ".config/containers",
  ".npmrc",
  ".yarnrc.yml",
  ".pypirc",
  ".cargo/credentials",
  ".cargo/credentials.toml",
  ".gem/credentials",
  ".m2/settings.xml",
  ".m2/settings-security.xml",
  ".gradle/gradle.properties",
  ".composer/auth.json",
  ".nuget/NuGet",
  ".terraform.d/credentials.tfrc.json",
  ".terraformrc",
  ".vault-token",
  ".config/bailiwick",
  ".config/op",
  ".config/sops",
  ".config/age",
  ".config/hcloud",
  ".config/doctl",
  ".config/rclone",
  ".pgpass",
  ".my.cnf",
  ".mylogin.cnf",
  ".claude.json",
  ".claude/.credentials.json",
  ".codex/auth.json",
  ".gemini/oauth_creds.json",
  ".local/share/opencode/auth.json",
  ".local/share/keyrings",
  ".config/google-chrome",
  ".config/chromium",
  ".config/BraveSoftware",
  ".mozilla",
  ".thunderbird",
  ".bash_history",
  ".zsh_history",
  ".python_history",
  ".node_repl_history",
  ".psql_history",
  ".mysql_history",
];

const SECRET_NAMES =
  /^(id_(rsa|dsa|ecdsa|ed25519)(_sk)?|.*\.(pem|key|p12|pfx|kdbx|ppk)|\.?credentials(\.[a-z]+)?|\.env(\..*)?)$/;

/** True for a path from the home directory that is one of these, lies in one, or holds one. */
export function isSecretFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return SECRET_NAMES.test(name) || touchesSecretPlace(path);
}

/** True for a directory from the home that is one of these or lies in one. */
export function isInSecretPlace(path: string): boolean {
  return SECRET_PATHS.some((secret) => path === secret || path.startsWith(`${secret}/`));
}

/** True for a directory from the home that is one of these, lies in one, or holds one. */
export function touchesSecretPlace(path: string): boolean {
  return SECRET_PATHS.some((secret) => overlaps(path, secret));
}

function overlaps(path: string, secret: string): boolean {
  return path === secret || path.startsWith(`${secret}/`) || secret.startsWith(`${path}/`);
}

/** What a file says when it holds a secret, whatever its name is: URLs with a password, tokens of package managers, authorization headers, private keys. */
const SECRET_CONTENT =
  /:\/\/[^/\s:@]*:[^/\s@]+@|_auth(Token)?\s*=|_password\s*=|authorization:|-----BEGIN [A-Z ]*PRIVATE KEY|\b(api[_-]?key|secret|token|password)\b\s*[=:]\s*\S{6}/i;

export function holdsSecret(content: string): boolean {
  return SECRET_CONTENT.test(content);
}
