/** Inputs of a `GuestRootfs` as they arrive in the provider, all as they should be. */
export function rootfsInputs(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    connection: { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    stableKey: "organization/project/stack/GuestRootfs/agent",
    ...overrides,
  };
}
