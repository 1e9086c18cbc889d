/** A connection with a password to a test server on 127.0.0.1, whose host key is not checked. */
export function passwordConnection(port: number, password: string, more: object = {}): object {
  return {
    host: "127.0.0.1",
    port,
    user: "someone",
    password,
    agentSocketPath: "/nowhere/agent",
    insecureIgnoreHostKey: true,
    ...more,
  };
}
