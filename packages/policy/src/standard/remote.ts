/** What others will see, and what cannot be taken back. */
export const REMOTE = `@id("publish.packages")
@severity("high")
@reason("this publishes a package or a release, which others may install within minutes")
@instead("build and check the package; publishing is a person's decision")
@ask("operator")
@class("publish")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in [ProgramGroup::"npm", ProgramGroup::"npm-cli.js", ProgramGroup::"pnpm", ProgramGroup::"pnpm.cjs", ProgramGroup::"yarn", ProgramGroup::"yarn.js", ProgramGroup::"bun"] &&
   context.operands.containsAny(["publish", "unpublish", "deprecate", "dist-tag", "adduser"])) ||
  (resource in [ProgramGroup::"lerna", ProgramGroup::"changeset", ProgramGroup::"semantic-release", ProgramGroup::"vsce", ProgramGroup::"ovsx", ProgramGroup::"goreleaser", ProgramGroup::"jsr"] &&
   (context.operands.containsAny(["publish", "release"]) || resource in ProgramGroup::"semantic-release")) ||
  (resource in ProgramGroup::"cargo" && ["publish", "yank", "owner"].contains(context.verb) && !context.args.contains("--dry-run")) ||
  (resource in ProgramGroup::"twine" && context.operands.contains("upload")) ||
  (resource in [ProgramGroup::"python", ProgramGroup::"python3", ProgramGroup::"pypy3"] && context.operands.contains("twine") && context.operands.contains("upload")) ||
  // The package manager's script under the name of its interpreter.
  (resource in ProgramGroup::"node" && context.operands.contains("publish") && context.pathParts.containsAny(["npm", "npm-cli.js", "pnpm.cjs", "yarn.js"])) ||
  (resource in [ProgramGroup::"poetry", ProgramGroup::"uv", ProgramGroup::"flit", ProgramGroup::"hatch", ProgramGroup::"pdm", ProgramGroup::"maturin", ProgramGroup::"dart", ProgramGroup::"flutter"] &&
   context.operands.containsAny(["publish", "upload"])) ||
  (resource in ProgramGroup::"gem" && ["push", "yank", "owner"].contains(context.verb)) ||
  (resource in [ProgramGroup::"mvn", ProgramGroup::"mvnw"] && context.words.containsAny(["deploy", "deploy-file", "release"])) ||
  (resource in [ProgramGroup::"gradle", ProgramGroup::"gradlew"] && context.line like "* publish*") ||
  (resource in ProgramGroup::"dotnet" && context.operands.contains("nuget") && context.operands.containsAny(["push", "delete"])) ||
  (resource in [ProgramGroup::"docker", ProgramGroup::"podman", ProgramGroup::"nerdctl", ProgramGroup::"buildah", ProgramGroup::"skopeo", ProgramGroup::"helm", ProgramGroup::"oras", ProgramGroup::"crane"] &&
   (context.operands.containsAny(["push", "copy"]) || context.flags.contains("--push")) && context.verb != "cp")
}
unless { context.approved };

@id("remote.infrastructure")
@severity("medium")
@reason("this changes or destroys infrastructure that others use")
@instead("show the plan or the difference and let a person apply it")
@ask("operator")
@class("infrastructure")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in [ProgramGroup::"kubectl", ProgramGroup::"oc", ProgramGroup::"k"] &&
   context.operands.containsAny(["delete", "drain", "cordon", "taint", "apply", "replace", "patch", "scale", "edit", "create", "set", "rollout", "run", "annotate", "label"])) ||
  (resource in ProgramGroup::"helm" && context.operands.containsAny(["install", "upgrade", "uninstall", "delete", "rollback", "del", "un"])) ||
  (resource in [ProgramGroup::"terraform", ProgramGroup::"tofu", ProgramGroup::"terragrunt"] &&
   context.operands.containsAny(["apply", "destroy", "import", "taint", "untaint", "rm", "mv", "push", "force-unlock", "apply-all", "destroy-all", "run-all"])) ||
  (resource in [ProgramGroup::"pulumi", ProgramGroup::"cdk", ProgramGroup::"sls", ProgramGroup::"serverless", ProgramGroup::"sam", ProgramGroup::"eksctl", ProgramGroup::"kops"] &&
   context.operands.containsAny(["up", "update", "destroy", "deploy", "remove", "rm", "delete", "apply", "import", "refresh"])) ||
  (resource in [ProgramGroup::"ansible-playbook", ProgramGroup::"ansible"] && !context.flags.containsAny(["--check", "-C", "--syntax-check", "--list-tasks", "--list-hosts"]))
}
unless { context.approved };

@id("remote.delete")
@severity("high")
@reason("this deletes or disables something outside this machine, and there may be no way back")
@instead("list what would be deleted and let a person decide")
@ask("operator")
@class("delete")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"aws", ProgramGroup::"gcloud", ProgramGroup::"gsutil", ProgramGroup::"bq", ProgramGroup::"az", ProgramGroup::"azcopy",
    ProgramGroup::"oci", ProgramGroup::"ibmcloud", ProgramGroup::"doctl", ProgramGroup::"hcloud", ProgramGroup::"linode-cli", ProgramGroup::"scw",
    ProgramGroup::"heroku", ProgramGroup::"fly", ProgramGroup::"flyctl", ProgramGroup::"vercel", ProgramGroup::"netlify", ProgramGroup::"wrangler",
    ProgramGroup::"railway", ProgramGroup::"supabase", ProgramGroup::"firebase", ProgramGroup::"fastly", ProgramGroup::"apigeecli", ProgramGroup::"deck",
    ProgramGroup::"gh", ProgramGroup::"glab", ProgramGroup::"hub", ProgramGroup::"doppler", ProgramGroup::"vault", ProgramGroup::"consul",
    ProgramGroup::"nomad", ProgramGroup::"op", ProgramGroup::"argocd", ProgramGroup::"flux", ProgramGroup::"rclone", ProgramGroup::"mc",
    ProgramGroup::"s3cmd", ProgramGroup::"s5cmd", ProgramGroup::"rabbitmqctl", ProgramGroup::"rabbitmqadmin", ProgramGroup::"kafka-topics",
    ProgramGroup::"kafka-topics.sh", ProgramGroup::"kafka-consumer-groups", ProgramGroup::"nats", ProgramGroup::"etcdctl", ProgramGroup::"restic",
    ProgramGroup::"borg", ProgramGroup::"velero", ProgramGroup::"launchdarkly", ProgramGroup::"ldcli", ProgramGroup::"flipt", ProgramGroup::"stripe",
    ProgramGroup::"twilio", ProgramGroup::"pscale", ProgramGroup::"neonctl", ProgramGroup::"turso", ProgramGroup::"docker", ProgramGroup::"podman",
    ProgramGroup::"docker-compose", ProgramGroup::"virsh", ProgramGroup::"vagrant", ProgramGroup::"multipass"
  ] &&
  (context.operands.containsAny([
     "delete", "destroy", "remove", "rm", "rmi", "rb", "del", "purge", "prune", "terminate", "drop", "flush", "reset", "revoke", "disable", "undefine",
     "delete_vhost", "delete_queue", "delete_user", "purge_queue", "uninstall", "forget", "unset", "erase", "wipe", "deletefile", "archive", "rollback", "seal"
   ]) ||
   context.line like "* delete-*" || context.line like "* terminate-*" || context.line like "* remove-*" || context.line like "* deregister-*" ||
   context.line like "* disable-*" || context.line like "* revoke-*" || context.line like "* purge-*" || context.line like "* detach-*" || context.line like "* stop-*" ||
   context.line like "*:destroy*" || context.line like "*:remove*" || context.line like "*:reset*" ||
   context.flags.containsAny(["--delete", "--delete-before", "--delete-after", "--delete-excluded", "--delete-destination"]) ||
   context.words.containsAny(["-xdelete"]) || context.args.contains("DELETE") ||
   (resource in [ProgramGroup::"gh", ProgramGroup::"glab"] && context.operands.containsAny(["gist", "secret", "ssh-key", "release"]) && context.operands.containsAny(["create", "set", "add", "edit", "upload"])))
}
unless { context.approved };

@id("remote.databases")
@severity("high")
@reason("this deletes data from a database")
@instead("show the statement and let a person run it, or work on a copy in the workspace")
@ask("operator")
@class("database")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"dropdb", ProgramGroup::"dropuser"] ||
  (resource in [
     ProgramGroup::"psql", ProgramGroup::"mysql", ProgramGroup::"mariadb", ProgramGroup::"mysqladmin", ProgramGroup::"mongosh", ProgramGroup::"mongo",
     ProgramGroup::"redis-cli", ProgramGroup::"valkey-cli", ProgramGroup::"cqlsh", ProgramGroup::"clickhouse-client", ProgramGroup::"clickhouse",
     ProgramGroup::"sqlcmd", ProgramGroup::"influx", ProgramGroup::"snowsql", ProgramGroup::"pg_restore"
   ] &&
   (context.words.containsAny(["drop", "truncate", "delete", "flushall", "flushdb", "unlink", "del", "--clean", "shutdown", "purge"]) ||
    context.line like "*dropDatabase*" || context.line like "*.drop(*" || context.line like "*deleteMany*" || context.line like "*deleteOne*" || context.line like "*.remove(*"))
}
unless { context.approved };

@id("remote.http-delete")
@severity("medium")
@reason("this asks a server to delete something")
@instead("show the request and let a person send it")
@ask("operator")
@class("delete")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"curl", ProgramGroup::"http", ProgramGroup::"https", ProgramGroup::"xh", ProgramGroup::"wget"] &&
  (context.args.containsAny(["DELETE", "-XDELETE", "--request=DELETE", "--method=DELETE"]) || context.words.containsAny(["-xdelete"]))
}
unless { context.approved };

@id("network.upload")
@severity("medium")
@reason("this sends files from here to another host")
@instead("leave the files in the workspace, where the person can take them from")
@ask("operator")
@class("upload")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [ProgramGroup::"scp", ProgramGroup::"sftp", ProgramGroup::"ftp", ProgramGroup::"lftp", ProgramGroup::"tftp", ProgramGroup::"croc", ProgramGroup::"magic-wormhole", ProgramGroup::"wormhole"] ||
  (resource in ProgramGroup::"rsync" && (context.line like "* *@*:*" || context.line like "* *::*" || context.line like "*rsync://*")) ||
  (resource in ProgramGroup::"curl" &&
   (context.flags.containsAny(["-T", "--upload-file"]) || context.line like "* @*" || context.line like "*=@*" || context.line like "* -d@*")) ||
  (resource in ProgramGroup::"wget" && context.flags.containsAny(["--post-file", "--body-file"]))
}
unless { context.approved };

@id("network.remote-shells")
@severity("critical")
@reason("this hands a shell to the other side of a connection")
@instead("connect without running a program on it")
forbid (principal, action == Action::"exec", resource)
when {
  (resource in [ProgramGroup::"nc", ProgramGroup::"ncat", ProgramGroup::"netcat", ProgramGroup::"nc.traditional", ProgramGroup::"nc.openbsd"] &&
   context.flags.containsAny(["-e", "-c", "--exec", "--sh-exec", "--lua-exec"])) ||
  (resource in ProgramGroup::"socat" &&
   (context.words.containsAny(["exec", "system", "shell"])))
};

@id("network.tunnels-and-scans")
@severity("high")
@reason("scanning networks and opening tunnels into this run go around the hosts that were agreed on")
@instead("name the host and port that the task needs, so that the profile can permit them")
forbid (principal, action == Action::"exec", resource)
when {
  resource in [
    ProgramGroup::"nmap", ProgramGroup::"masscan", ProgramGroup::"zmap", ProgramGroup::"rustscan", ProgramGroup::"hping3", ProgramGroup::"arp-scan",
    ProgramGroup::"ettercap", ProgramGroup::"tcpdump", ProgramGroup::"tshark", ProgramGroup::"dumpcap", ProgramGroup::"hydra", ProgramGroup::"sqlmap",
    ProgramGroup::"nikto", ProgramGroup::"msfconsole", ProgramGroup::"ngrok", ProgramGroup::"cloudflared", ProgramGroup::"chisel", ProgramGroup::"frpc",
    ProgramGroup::"bore", ProgramGroup::"localtunnel", ProgramGroup::"gost", ProgramGroup::"ligolo", ProgramGroup::"tailscale", ProgramGroup::"openvpn", ProgramGroup::"wg-quick"
  ] ||
  (resource in ProgramGroup::"code" && context.verb == "tunnel")
};
`;
