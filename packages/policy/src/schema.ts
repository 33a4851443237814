/**
 * What policies may speak of. Every attribute is required and there are no entity attributes, so that under strict
 * validation only arithmetic can fail while a condition is evaluated (and a failure is a denial).
 *
 * Teams and roles of users are not here: a run does not know them, and a `forbid` for a team that nobody is ever
 * found in would silently forbid nothing.
 */
export const SCHEMA = `// The run that asks.
entity User, Agent, Project;
entity Run in [User, Agent, Project];

// Program::"/usr/bin/git" is in ProgramGroup::"git", whatever a copy of it is called; anonymous files are in
// ProgramGroup::"memfd", files that the run itself may have written in ProgramGroup::"workspace".
entity ProgramGroup;
entity Program in [ProgramGroup];

// Host::"api.example.com" is in HostGroup::"*.example.com", HostGroup::"*.com" and HostGroup::"profile".
entity HostGroup;
entity Host in [HostGroup];

// What was found in what is sent: "secret" (it looks like one), "masked" (of a file or variable that the run must not read), "code" (more of the
// workspace than may go to this host), "unreadable" (it cannot be looked into), and what it is more closely: "github", "private key", ".env".
type Leak = {
  kinds: Set<String>,
  toModel: Bool          // the host is one of those that the agent's model is at, or that the profile names so
};

// One program starts. Wrappers (env, sudo, xargs, sh -c) start their program in turn and that is judged by itself.
action exec appliesTo {
  principal: Run,
  resource: Program,
  context: {
    // The arguments as they are.
    argv0: String,         // argv[0]; the caller chooses it freely
    line: String,          // the arguments joined by spaces; never cut
    args: Set<String>,     // argv[1] and on
    // The arguments whatever their order and spelling.
    verb: String,          // git -C /x push -> push; "" if there is none
    flags: Set<String>,    // -rf -> -rf, -r, -f; --force=x -> --force; nothing after --
    operands: Set<String>, // what does not begin with "-", and all after --
    operandCount: Long,    // how many, without the values of options known to take one; the verb counts
    words: Set<String>,    // lower-case pieces of letters, digits, "_", "." and "-"
    settings: Set<String>, // lower-case x of every x=y and of every operand; a.b.c also as a.* and a.*.c
    // The files that arguments may name: operands and whatever follows "=", ":", "," or "@" in an argument.
    paths: Set<String>,     // absolute, without "." and ".."
    pathParts: Set<String>, // their components, and two and three neighbouring ones: .aws/credentials
    places: Set<String>,    // root, home, workspace, above-workspace, system, device
    // The program and where it starts.
    path: String,
    digest: String,         // sha256:...
    cwd: String,
    inWorkspace: Bool,      // the program is a file that the run itself may have written
    // The run.
    profile: String,
    approved: Bool,         // a person said yes to exactly this
    labels: Set<String>,    // "team=payments": said by whoever started the run, and proven by nothing
    time: Long              // milliseconds since 1970
  }
};

// The profile permits this host; may the run talk to it?
action connect appliesTo {
  principal: Run,
  resource: Host,
  context: {
    host: String,           // lower case, no trailing dot
    port: Long,             // 0 while the name is only being resolved
    leak: Leak,             // what the name itself holds: data can be sent as labels
    profile: String,
    approved: Bool,
    labels: Set<String>,
    time: Long
  }
};

// A request within a connection that is looked into (the profile's \`inspect\`, or a rule or credential for the host); connect was
// permitted before. A path that a server could read in two ways is decided about in each, and every one must be permitted.
action httpRequest appliesTo {
  principal: Run,
  resource: Host,
  context: {
    host: String,           // lower case, no trailing dot
    port: Long,
    secure: Bool,           // over TLS
    method: String,         // upper case; a WebSocket is a GET with "upgrade: websocket" among its headers
    // The path, decoded: /repos/a%62c/x -> first "repos", second "abc", third "x". Never "." or "..".
    urlPath: String,        // begins with "/"
    first: String,          // "" when there is none
    second: String,
    third: String,
    fourth: String,
    last: String,
    depth: Long,            // how many segments
    segments: Set<String>,
    query: Set<String>,     // the names alone, decoded
    headerNames: Set<String>,
    headers: Set<String>,   // "name: value", names in lower case; without those that hold credentials
    contentType: String,    // lower case, without parameters; "" when there is none
    sizeBytes: Long,        // of the body, as declared; -1 when it is not
    credential: String,     // the name of the profile's credential that it carries, or ""
    program: String,        // path of the program that sends it; "" when that is not known
    leak: Leak,             // asked again while the body goes out, as soon as something is found in it
    profile: String,
    approved: Bool,
    labels: Set<String>,
    time: Long
  }
};
`;
