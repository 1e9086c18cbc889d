import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", ".tools/", "coverage/", "bench-results/"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers and booleans in messages read as they should; objects and undefined stay forbidden.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-console": "error",
    },
  },
  { files: ["scripts/**", "tests/**"], rules: { "no-console": "off" } },
  {
    // What this file exports is serialized as text into the stack's state, where an import does not exist.
    files: ["provider/forward/forwardingProvider.ts"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  // Mocha loads these two as CommonJS.
  { files: ["scripts/mocha/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
  { files: ["eslint.config.mjs"], extends: [tseslint.configs.disableTypeChecked] },
);
