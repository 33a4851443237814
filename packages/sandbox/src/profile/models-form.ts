import { boolean, checked, decimal, integer, map, oneOf, ProfileProblem, table, word } from "./form.ts";
import { duration, size } from "./words.ts";

const modelPattern = word(
  { description: "name of a model, or the beginning of one and `*`", examples: ["claude-sonnet-*"] },
  (text, wrong) => {
    if (/^[^\s*]{0,200}\*?$/.test(text) && text !== "") return text;
    throw wrong("is not the name of a model", "write it as the API does, with `*` at the end for what begins so");
  },
);

const currency = word({ description: "currency of prices; `USD`, if not said", examples: ["EUR"] }, (text, wrong) => {
  if (/^[A-Z]{3}$/.test(text)) return text;
  throw wrong("is not a currency", "write its three letters, as `USD`");
});

const price = (description: string): ReturnType<typeof decimal> =>
  decimal({ minimum: 0, maximum: 1_000_000, description: `${description}, for a million tokens` });

/** Complete: what is left out would cost nothing, and a budget would be worth nothing. */
const modelPrice = checked(
  table(
    {
      in: price("What is sent"),
      out: price("What the model writes"),
      cached: price("What is read from a cache; as `in`, if not said"),
      written: price("What is written to a cache; as `in`, if not said"),
    },
    "The price of a model.",
  ),
  ({ in: sent, out, cached = sent, written = sent }, place) => {
    if (sent !== undefined && out !== undefined)
      return { in: sent, out, cached: cached ?? sent, written: written ?? sent };
    throw new ProfileProblem(place, "must say `in` and `out`", "write `{ in = 3.0, out = 15.0 }`");
  },
);

export const modelsForm = table(
  {
    content: boolean("Whether prompts and what models write are recorded as text, beside their digests."),
    currency,
    prices: map(modelPattern, modelPrice, "Prices by model; of several that fit, the longest name counts."),
  },
  "What is recorded of models.",
);

const whole = (description: string): ReturnType<typeof integer> =>
  integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description });

export const budgetsForm = table(
  {
    tokens: whole("Tokens of all models together, sent and written."),
    money: decimal({ minimum: 0, maximum: 1_000_000, description: "What models may cost, by the prices." }),
    requests: whole("Requests of connections that are looked into."),
    bytes: { ...size, schema: { ...size.schema, description: "What connections may send and receive, together." } },
    wall: { ...duration, schema: { ...duration.schema, description: "How long the run may go on." } },
    repeats: integer({
      minimum: 2,
      maximum: 1_000,
      description: "The same call of a tool, failing so often in a row.",
    }),
    "when-spent": oneOf(
      ["end", "pause"],
      "Whether the run is ended, which is so if not said, or frozen until somebody says.",
    ),
    "when-repeating": oneOf(
      ["tell", "end", "pause"],
      "What comes of a call that fails again and again; `tell`, if not said.",
    ),
  },
  "What a run may use up.",
);
