/** What must not leave. Only seen where a connection is looked into, and in names. */
export const LEAKS = `// A model is sent whatever its agent reads, and would be no use otherwise; what is found there is recorded.
@id("leaks.secret")
@severity("critical")
@reason("what is sent holds a secret: a token or key by its form, or what stands in a file or variable that this run must not read")
@instead("leave the secret out; a login that is needed there can be a credential of the profile")
forbid (principal, action in [Action::"connect", Action::"httpRequest"], resource)
when { context.leak.kinds.containsAny(["secret", "masked"]) && !context.leak.toModel };

@id("leaks.code")
@severity("high")
@reason("this is more of the workspace's code than may go to this host")
@instead("send less of it, or have the profile permit it: code-hosts in [leaks]")
forbid (principal, action == Action::"httpRequest", resource)
when { context.leak.kinds.contains("code") };
`;
