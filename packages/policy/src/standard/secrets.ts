/** Keys and credentials by the names of their files, in the hands of programs that read, copy, pack or send files. */
export const SECRETS = `@id("secrets.files")
@severity("high")
@reason("this file holds keys, credentials or someone's history; an agent never needs to see them")
@instead("ask for what you need to be set up; credentials are added outside, on the way to their host")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"cat", ProgramGroup::"tac", ProgramGroup::"head", ProgramGroup::"tail", ProgramGroup::"less", ProgramGroup::"more",
    ProgramGroup::"most", ProgramGroup::"bat", ProgramGroup::"batcat", ProgramGroup::"nl", ProgramGroup::"pr", ProgramGroup::"rev",
    ProgramGroup::"cut", ProgramGroup::"paste", ProgramGroup::"sort", ProgramGroup::"uniq", ProgramGroup::"fold", ProgramGroup::"fmt",
    ProgramGroup::"tr", ProgramGroup::"wc", ProgramGroup::"split", ProgramGroup::"csplit", ProgramGroup::"column", ProgramGroup::"comm",
    ProgramGroup::"join", ProgramGroup::"cmp", ProgramGroup::"diff", ProgramGroup::"sdiff", ProgramGroup::"diff3", ProgramGroup::"colordiff",
    ProgramGroup::"grep", ProgramGroup::"egrep", ProgramGroup::"fgrep", ProgramGroup::"rg", ProgramGroup::"ag", ProgramGroup::"ack",
    ProgramGroup::"zgrep", ProgramGroup::"sed", ProgramGroup::"awk", ProgramGroup::"gawk", ProgramGroup::"mawk", ProgramGroup::"perl",
    ProgramGroup::"od", ProgramGroup::"xxd", ProgramGroup::"hexdump", ProgramGroup::"hd", ProgramGroup::"strings", ProgramGroup::"base64",
    ProgramGroup::"base32", ProgramGroup::"basenc", ProgramGroup::"uuencode", ProgramGroup::"openssl", ProgramGroup::"gpg",
    ProgramGroup::"cp", ProgramGroup::"mv", ProgramGroup::"ln", ProgramGroup::"link", ProgramGroup::"install", ProgramGroup::"dd",
    ProgramGroup::"tee", ProgramGroup::"tar", ProgramGroup::"bsdtar", ProgramGroup::"cpio", ProgramGroup::"zip", ProgramGroup::"7z",
    ProgramGroup::"gzip", ProgramGroup::"bzip2", ProgramGroup::"xz", ProgramGroup::"zstd", ProgramGroup::"ar", ProgramGroup::"rsync",
    ProgramGroup::"scp", ProgramGroup::"sftp", ProgramGroup::"curl", ProgramGroup::"wget", ProgramGroup::"http", ProgramGroup::"nc",
    ProgramGroup::"ncat", ProgramGroup::"socat", ProgramGroup::"aws", ProgramGroup::"gsutil", ProgramGroup::"rclone", ProgramGroup::"xclip",
    ProgramGroup::"vi", ProgramGroup::"vim", ProgramGroup::"view", ProgramGroup::"nvim", ProgramGroup::"nano", ProgramGroup::"ed",
    ProgramGroup::"ex", ProgramGroup::"emacs", ProgramGroup::"jq", ProgramGroup::"yq", ProgramGroup::"file", ProgramGroup::"truncate",
    ProgramGroup::"rm", ProgramGroup::"shred", ProgramGroup::"chmod", ProgramGroup::"chown", ProgramGroup::"unshadow", ProgramGroup::"john"
  ] &&
  context.pathParts.containsAny([
    ".ssh", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", "ssh_host_rsa_key", "ssh_host_ed25519_key",
    ".gnupg", ".password-store", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".git-credentials", ".config/git/credentials", ".pypirc",
    ".aws/credentials", ".aws/config", ".aws/cli", ".aws/sso", ".azure", ".config/gcloud", ".oci", ".docker/config.json", ".kube/config",
    ".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials", ".config/gh", ".config/hub", ".config/op", ".vault-token",
    ".terraform.d/credentials.tfrc.json", ".terraformrc", ".config/doctl", ".fly/config.yml", ".claude/.credentials.json", ".codex/auth.json",
    ".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history", ".node_repl_history",
    "etc/shadow", "etc/shadow-", "etc/gshadow", "etc/sudoers", "etc/sudoers.d", "etc/krb5.keytab", "etc/security/opasswd",
    ".mozilla/firefox", ".config/google-chrome", ".config/chromium", "Google/Chrome", "Login Data", "logins.json", "key4.db",
    ".local/share/keyrings", "Library/Keychains", "wallet.dat", ".bitcoin", ".electrum", "proc/kcore", "proc/self/environ", "proc/1/environ"
  ])
};

@id("secrets.tokens")
@severity("high")
@reason("this prints a credential of the person who started the run")
@instead("use the tool as it is; credentials are added outside, on the way to their host")
@ask("operator")
@class("secrets")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in ProgramGroup::"gh" && context.verb == "auth" && context.operands.contains("token")) ||
  (resource in ProgramGroup::"gcloud" && context.words.containsAny(["print-access-token", "print-identity-token"])) ||
  (resource in ProgramGroup::"aws" &&
   context.words.containsAny(["get-session-token", "get-secret-value", "get-login-password", "get-authorization-token", "assume-role", "export-credentials"])) ||
  (resource in [ProgramGroup::"kubectl", ProgramGroup::"oc"] && context.words.containsAny(["secret", "secrets"])) ||
  (resource in [ProgramGroup::"doppler", ProgramGroup::"vault", ProgramGroup::"op", ProgramGroup::"bw", ProgramGroup::"pass", ProgramGroup::"secret-tool", ProgramGroup::"security"] &&
   context.words.containsAny(["secrets", "read", "get", "show", "lookup", "kv", "find-generic-password", "find-internet-password", "dump-keychain"])) ||
  (resource in ProgramGroup::"gpg" && context.line like "*--export-secret*") ||
  (resource in ProgramGroup::"terraform" && context.verb == "output")
}
unless { context.approved };

@id("secrets.cloud-metadata")
@severity("critical")
@reason("the metadata service hands out the machine's own credentials")
@instead("ask for what you need to be set up")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"curl", ProgramGroup::"wget", ProgramGroup::"http", ProgramGroup::"nc"] &&
  context.words.containsAny(["169.254.169.254", "metadata.google.internal", "169.254.170.2", "100.100.100.200"])
};

@id("secrets.memory")
@severity("critical")
@reason("this reads the memory of another program")
@instead("debug a program that you start yourself, under the debugger")
forbid (principal, action == Action::"exec", resource)
when { resource in [ProgramGroup::"gcore", ProgramGroup::"mimipenguin", ProgramGroup::"procdump", ProgramGroup::"lsass"] };
`;
