/** Inputs of an `FcTaskServer` as they arrive in the provider, all as they should be. */
export function serverInputs(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    connection: { host: "fc.example.com", hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    oauthToken: "sk-ant-oat01-example",
    task: { prompt: "Summarise the README" },
    stableKey: "organization/project/stack/FcTaskServer/agent-1",
    ...overrides,
  };
}
