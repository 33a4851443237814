import tseslint from "typescript-eslint";

/** Rules that keep a security product readable; each disable in the source states why. */
export default tseslint.config(
  { ignores: ["**/dist/**", "**/build/**", "node_modules/**", "**/*.cjs", "**/*.js", "**/*.mjs"] },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-empty": "error",
      "max-lines": ["error", { max: 500, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 4],
      "no-restricted-properties": ["error", { object: "process", property: "getBuiltinModule" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unsafe-type-assertion": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/prefer-promise-reject-errors": "error",
      "@typescript-eslint/return-await": ["error", "always"],
    },
  },
  {
    // Tests assert on what others produced; a helper's length is its scenario.
    files: ["**/*.test.ts", "packages/*/test/**/*.ts", "tests/**/*.ts", "bench/**/*.ts", "tools/**/*.ts"],
    rules: {
      "max-lines-per-function": "off",
      "@typescript-eslint/no-unsafe-type-assertion": "off",
      // node:test's describe and it return promises that the runner itself awaits.
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", name: ["it", "test", "describe", "suite"], package: "node:test" },
          ],
        },
      ],
    },
  },
  {
    files: ["packages/base/src/**/*.ts", "packages/policy/src/**/*.ts"],
    ignores: ["**/*.test.ts", "**/*.privileged.ts"],
    rules: {
      "no-restricted-globals": ["error", "Date", "process", "fetch", "setTimeout", "setInterval", "performance"],
    },
  },
);
