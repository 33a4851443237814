/** What a yes can bring about. What is not said to risk less risks the most. */
export const RISKS = { low: 1, medium: 2, high: 3 } as const;
export type Risk = keyof typeof RISKS;
