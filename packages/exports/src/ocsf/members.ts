/** A JSON object on its way out; what may stand in it is the schema's matter. */
export type Members = Readonly<Record<string, unknown>>;
