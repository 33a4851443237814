/** Why an action can't be had, as far as roles are known: some scope has to permit it. */
export function hindranceOf(actions: readonly string[], action: string): string | undefined {
  return actions.includes(action) ? undefined : `that takes a role with ${action}, and you have none`;
}
