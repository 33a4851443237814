import type { Command } from "commander";
import { addReview } from "./register-review.ts";
import { addScope } from "./scope-options.ts";
import type { AnswerOptions, ListOptions } from "./approvals.ts";
import type { DelegateOptions } from "./delegations.ts";
import type { EndAccessOptions } from "./end-access.ts";
import type { InviteOptions } from "./invite.ts";
import type { OrderOptions } from "./orders.ts";

type Done = (status: number) => void;

/** The control plane: being one, and working with one. */
export function addServer(program: Command, done: Done): void {
  addServe(program, done);
  addHost(program, done);
  addPerson(program, done);
  addApprovals(program, done);
}

function addServe(program: Command, done: Done): void {
  program
    .command("serve")
    .description("Is the control plane of a team or company: takes records, shows runs live, keeps who may do what.")
    .option("--database <URL>", "`postgres://…` ($BAILIWICK_DATABASE); without it an embedded one, for trying out")
    .option("--listen <HOST:PORT>", "where; port 0 takes one that is free (default: 127.0.0.1:7788)")
    .option("--config <FILE>", "these and the identity provider (TOML); what is given here goes before")
    .option(
      "--tls-cert <FILE>",
      "certificate chain (PEM); without it plain HTTP, on this machine or for trusted proxies alone",
    )
    .option("--tls-key <FILE>", "its key (PEM)")
    .option(
      "--trusted-proxies <LIST>",
      "addresses and ranges of what ends TLS in front of it, with commas: they say who calls (X-Forwarded-For or Forwarded)",
    )
    .option("--state <DIR>", "its keys; instances on one database have the same")
    .option("--rebuild-search", "make the index of `bailiwick search --server` anew from what hosts sent")
    .option("--json", "what it says at its start as a JSON object")
    .action(async (options: { listen?: string }) => {
      done(await (await import("./serve.ts")).serveCommand(options));
    });
}

function addHost(program: Command, done: Done): void {
  program
    .command("enroll")
    .description("Enrols this host at a server with a one-time token: its record is sent there from then on.")
    .argument("<url>", "the server's")
    .argument("<token>", "from whoever may invite hosts: `bailiwick server call invite`")
    .option("--json", "as a JSON object")
    .action(async (url: string, token: string, options: { json?: true }) => {
      done(await (await import("./enroll.ts")).enrollCommand(url, token, options));
    });
  program
    .command("sync")
    .description("Sends what the server does not have of this host's record yet; runs do that themselves.")
    .option("--json", "as a JSON object")
    .action(async (options: { json?: true }) => {
      done(await (await import("./enroll.ts")).syncCommand(options));
    });
}

function addPerson(program: Command, done: Done): void {
  program
    .command("login")
    .description(
      "Signs in at a server: in a browser (identity provider, or passkey), or with a token from standard input.",
    )
    .argument("<url>", "the server's")
    .option("--set-up <NAME>", "the token is the one of the server's first start: makes its first owner, of this name")
    .option("--device", "in a browser also where standard input is no terminal")
    .action(async (url: string, options: { setUp?: string; device?: true }) => {
      done(await (await import("./login.ts")).loginCommand(url, options));
    });
  program
    .command("logout")
    .description("Forgets the token on this host.")
    .action(async () => {
      done(await (await import("./login.ts")).logoutCommand());
    });
  const server = program.command("server").description("Works with the server one is signed in at.");
  server
    .command("whoami", { isDefault: true })
    .description("Who one is there, and with which roles.")
    .action(async () => {
      done(await (await import("./login.ts")).whoAmICommand());
    });
  server
    .command("call")
    .description("Calls a route of the server's API by its name; without one, lists them.")
    .argument("[route]", "its name")
    .argument("[given]", "JSON: params, query, body", "{}")
    .addHelpText("after", `\nExample:\n  $ bailiwick server call invite '{"body":{"person":"robin"}}'\n`)
    .action(async (route: string | undefined, given: string) => {
      done(await (await import("./call.ts")).callCommand(route, given));
    });
  server
    .command("invite")
    .description("Makes the address at which a person makes a passkey, once, where there is no identity provider.")
    .argument("<person>", "their id")
    .option("--name <NAME>", "adds them first, with this name")
    .option("--for <TIME>", "how long it counts: 1m to 7d (default: 1d)")
    .option("--json", "as a JSON object")
    .action(async (person: string, options: InviteOptions) => {
      done(await (await import("./invite.ts")).inviteCommand(person, options));
    });
  server
    .command("end-access")
    .description("Ends all that a person could come in by: sessions, passkeys, tokens and hosts. What they did stays.")
    .argument("<person>", "their id")
    .option("--end-runs", "ends the runs of their hosts, too")
    .option("--json", "as a JSON object")
    .action(async (person: string, options: EndAccessOptions) => {
      done(await (await import("./end-access.ts")).endAccessCommand(person, options));
    });
  addOrders(server, done);
  addRequests(server, done);
  addReview(server, done);
  const access = program.command("access").description("Who may do what at the server.");
  access
    .command("explain")
    .description("Says yes (0) or no (1) and why.")
    .argument("<who>", "a person's id; or Token:ID, Host:ID")
    .argument("<action>", "see `bailiwick access roles`")
    .argument(
      "<what>",
      "`company`; or Team:ID, Person:ID, Project:ID, Agent:ID, Host:ID, Run:ID, Pool:ID, Task:ID, Question:ID",
    )
    .option("--json", "as a JSON object")
    .action(async (who: string, action: string, what: string, options: { json?: true }) => {
      done(await (await import("./access.ts")).explainCommand({ who, action, what }, options));
    });
  access
    .command("roles")
    .description("Lists roles and what they permit.")
    .action(async () => {
      done(await (await import("./access.ts")).rolesCommand());
    });
}

function addOrders(server: Command, done: Done): void {
  const order = (name: string, description: string): Command =>
    addScope(server.command(name).description(description))
      .requiredOption("--reason <TEXT>", "why: in the server's log, in the run's record, and told to its person")
      .option("--json", "as a JSON object");
  order("kill", "Ends runs at once; meanwhile those that start, or come back, in its scope too.")
    .option("--for <TIME>", "how long it stands: 10s to 30d (default: 1h)")
    .option("--lift", "takes back what stands for this scope: runs may start again")
    .action(async (options: OrderOptions) => {
      done(await (await import("./orders.ts")).killCommand(options));
    });
  order("pause", "Stops all processes of runs where they are.")
    .option("--for <TIME>", "how long it stands: 10s to 30d (default: 1h)")
    .action(async (options: OrderOptions) => {
      done(await (await import("./orders.ts")).pauseCommand(options));
    });
  order("resume", "Lets go on what was paused for this scope.").action(async (options: OrderOptions) => {
    done(await (await import("./orders.ts")).resumeCommand(options));
  });
  order("lease", "Ends runs that have not heard from the server for so many seconds; 0: none are.")
    .argument("<seconds>", "10 to 86400, or 0")
    .action(async (seconds: string, options: OrderOptions) => {
      done(await (await import("./orders.ts")).leaseCommand(seconds, options));
    });
  server
    .command("orders")
    .description("What was ordered, and stands.")
    .option("--past", "also what is over")
    .option("--json", "one JSON object a line")
    .action(async (options: { past?: true; json?: true }) => {
      done(await (await import("./orders.ts")).listOrdersCommand(options));
    });
}

function addApprovals(program: Command, done: Done): void {
  const approvals = program.command("approvals").description("Answers what runs of enrolled hosts ask people.");
  approvals
    .command("list", { isDefault: true })
    .description("What is asked, oldest first.")
    .option("-f, --follow", "and each question as it comes")
    .option("--all", "also what is over")
    .option("--json", "one JSON object a line")
    .action(async (options: ListOptions) => {
      done(await (await import("./approvals.ts")).listCommand(options));
    });
  approvals
    .command("show")
    .description("One question, whole.")
    .argument("<question>", "its id, or the beginning")
    .option("--json", "as a JSON object")
    .action(async (id: string, options: { json?: true }) => {
      done(await (await import("./approvals.ts")).showCommand(id, options));
    });
  const answer = (name: "allow" | "deny", description: string): Command =>
    approvals
      .command(name)
      .description(description)
      .argument("<question>", "its id, or the beginning")
      .option("--same", "and all that ask the same, as far as one may")
      .option("--why <TEXT>", "for the server's log")
      .option("--json", "as a JSON object");
  answer("allow", "Yes, once.")
    .option("--for-run", "yes, to the same for the rest of the run")
    .option("--propose <REACH>", "and keeps a proposal that policy permit it: project or always")
    .action(async (id: string, options: AnswerOptions) => {
      done(await (await import("./approvals.ts")).answerCommand(id, "yes", options));
    });
  addDelegations(approvals, done);
  answer("deny", "No.").action(async (id: string, options: AnswerOptions) => {
    done(await (await import("./approvals.ts")).answerCommand(id, "no", options));
  });
}

function addDelegations(approvals: Command, done: Done): void {
  approvals
    .command("delegate")
    .description("Hands on one's right to answer, for a time: not further, and not for what either's own runs ask.")
    .argument("<to>", "a person's id")
    .requiredOption("--for <TIME>", "how long: 1m to 30d")
    .requiredOption("--reason <TEXT>", "why: in the server's log")
    .option("--team <ID>", "only for what runs of this team's people ask")
    .option("--class <NAME>", "only for questions about this: push, publish, delete, …")
    .option("--json", "as a JSON object")
    .action(async (to: string, options: DelegateOptions) => {
      done(await (await import("./delegations.ts")).delegateCommand(to, options));
    });
  approvals
    .command("delegations")
    .description("What is handed on by or to oneself; all of it for who may see people.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./delegations.ts")).listDelegationsCommand(options));
    });
  approvals
    .command("undelegate")
    .description("Ends what is handed on.")
    .argument("<id>", "see `bailiwick approvals delegations`")
    .action(async (id: string) => {
      done(await (await import("./delegations.ts")).endDelegationCommand(id));
    });
}

function addRequests(server: Command, done: Done): void {
  server
    .command("pending")
    .description("What waits for others to want it too: one's own, and what one might do oneself.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./requests.ts")).listRequestsCommand(options));
    });
  server
    .command("confirm")
    .description("Wants it too; when enough do, it is done.")
    .argument("<request>", "see `bailiwick server pending`")
    .option("--json", "as a JSON object")
    .action(async (id: string, options: { json?: true }) => {
      done(await (await import("./requests.ts")).confirmCommand(id, options));
    });
  server
    .command("reject")
    .description("Ends a request: one's own, or one that one might confirm.")
    .argument("<request>", "see `bailiwick server pending`")
    .action(async (id: string) => {
      done(await (await import("./requests.ts")).rejectCommand(id));
    });
}
