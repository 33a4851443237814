/** What leaves the repository, and what makes git start other programs. */
export const GIT = `// \`--dry-run\` exempts only where nothing takes it back: \`--no-dry-run\` may be abbreviated.
@id("git.rewrite-remote")
@severity("high")
@reason("this rewrites or deletes history on the remote, which others may have built on")
@instead("push a new branch, or revert with a new commit")
@ask("operator")
@class("push")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when {
  ["push", "send-pack"].contains(context.verb) &&
  (context.flags.containsAny(["-f", "--force", "--force-with-lease", "--force-if-includes", "--mirror", "-d", "--delete", "--prune"]) ||
   context.line like "* +*" ||
   context.line like "* :*")
}
unless { context.flags.contains("--dry-run") && !(context.line like "*--no-d*") }
unless { context.approved };

@id("git.push-protected")
@severity("medium")
@reason("this pushes to a branch that others rely on")
@instead("push a branch of your own by name and open a pull request")
@ask("operator")
@class("push")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when {
  ["push", "send-pack"].contains(context.verb) &&
  (context.words.containsAny(["main", "master", "trunk", "develop", "production", "prod", "release", "stable"]) ||
   context.flags.containsAny(["--all", "--branches"]) ||
   context.line like "*\\**")
}
unless { context.flags.contains("--dry-run") && !(context.line like "*--no-d*") }
unless { context.approved };

@id("git.push-unnamed")
@severity("low")
@reason("this push does not name its branch, so it may be a protected one")
@instead("name remote and branch: \`git push origin my-branch\`")
@ask("operator")
@class("push")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when {
  context.verb == "push" &&
  (context.operandCount < 3 || context.args.containsAny(["HEAD", "@", "head"]))
}
unless { context.flags.contains("--dry-run") && !(context.line like "*--no-d*") }
unless { context.approved };

// A push over HTTP runs send-pack with --stateless-rpc and the address: that one talks to git's own helper, and connects to nothing.
@id("git.push-address")
@severity("medium")
@reason("this pushes to an address instead of a remote that the repository knows")
@instead("push to a remote by its name")
@ask("operator")
@class("push")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when {
  (context.verb == "push" || (context.verb == "send-pack" && !context.flags.contains("--stateless-rpc"))) &&
  (context.line like "*://*" || context.line like "*@*:*")
}
unless { context.approved };

// Reading such a setting, or taking it away, is harmless; setting it for one command (-c) never is: but core.alternateRefsCommand,
// with which an agent replaces what a repository says. What it starts is decided by itself.
@id("git.settings-that-run-programs")
@severity("medium")
@reason("this git setting makes git start another program, now or whenever someone else uses the repository")
@instead("run the program itself; leave git's settings alone")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when {
  context.settings.containsAny([
    "core.sshcommand", "core.hookspath", "core.fsmonitor", "core.askpass", "core.gitproxy",
    "diff.external", "diff.*.command", "diff.*.textconv", "filter.*.clean", "filter.*.smudge", "filter.*.process", "merge.*.driver",
    "gpg.program", "gpg.*.program", "init.templatedir", "uploadpack.packobjectshook", "remote.*.uploadpack", "remote.*.receivepack",
    "protocol.allow", "protocol.*.allow", "include.path", "includeif.*.path", "mergetool.*.cmd", "difftool.*.cmd", "man.*.cmd",
    "browser.*.cmd", "trailer.*.command", "trailer.*.cmd", "submodule.*.update", "sendemail.*.smtpserver"
  ]) &&
  // \`git commit core.fsmonitor\` and the like are only words: git takes settings from -c, --config, --config-env and \`git config\`.
  (["config", "clone", "init", "submodule"].contains(context.verb) || context.flags.containsAny(["-c", "--config", "--config-env"])) ||
  context.settings.contains("core.alternaterefscommand") &&
  (["clone", "init", "submodule"].contains(context.verb) || context.verb == "config" && !context.flags.contains("-c"))
}
unless {
  context.verb == "config" &&
  !context.flags.containsAny(["-c", "--config-env"]) &&
  (context.flags.containsAny(["--get", "--get-all", "--get-regexp", "--list", "-l", "--unset", "--unset-all"]) ||
   context.operands.containsAny(["get", "list", "unset"]))
};

@id("git.shell-alias")
@severity("medium")
@reason("a git alias that begins with \`!\` is a shell command under another name")
@instead("run the command itself")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when { context.settings.contains("alias.*") && context.line like "*!*" };

@id("git.foreign-commands")
@severity("medium")
@reason("this makes git run its commands, or a transport, from somewhere else")
@instead("use git's own commands and an https or ssh address")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when { context.line like "*--exec-path=*" || context.line like "* ext::*" };
`;
