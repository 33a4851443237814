export { loadSecretFinder, type Finding, type SecretFinder } from "./finder.ts";
export { isSkipped, ValueMatcher, type KnownValue } from "./value-matcher.ts";
export { isSecretName, valuesOfEnvironment, valuesOfFile } from "./known-values.ts";
