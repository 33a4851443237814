/** An agent that runs each command by `bash -c`, as the plainest do. */
export function commandsOf(_tool: string, input: string): readonly string[] {
  const { command } = JSON.parse(input) as { command?: string };
  return command === undefined ? [] : [command];
}

export function unwrapPlain(argv: readonly string[]): string | undefined {
  return argv.length === 3 && argv[0] === "bash" && argv[1] === "-c" ? argv[2] : undefined;
}
