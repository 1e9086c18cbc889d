/** Inputs of a `HostNetwork` as they arrive in the provider, all as they should be. */
export function networkInputs(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    connection: { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    stableKey: "organization/project/stack/HostNetwork/agent-1",
    ...overrides,
  };
}
