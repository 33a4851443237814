/** What everything else is an exception from. */
export const BASE = `// Programs start and permitted hosts are reached, unless something below forbids it: the sandbox bounds what they can do.
@id("standard.exec")
permit (principal, action == Action::"exec", resource);

@id("standard.connect")
permit (principal, action == Action::"connect", resource);

@id("standard.http")
permit (principal, action == Action::"httpRequest", resource);

@id("standard.memfd")
@severity("high")
@reason("a program that exists only in memory leaves no file to record")
@instead("write the program to a file in the workspace and start that")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"memfd");
`;
