/** Inputs of a `FirecrackerHost` as they arrive in the provider, all as they should be. */
export function firecrackerInputs(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    connection: { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    stableKey: "organization/project/stack/FirecrackerHost/firecracker",
    ...overrides,
  };
}

/** A sum that no file has. */
export const someSum = "0123456789abcdef".repeat(4);
