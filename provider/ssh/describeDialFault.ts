/** What Node's error codes mean to someone who waits for a connection. */
const phrases: Readonly<Record<string, string | undefined>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  ENOTFOUND: "the name cannot be resolved",
  EAI_AGAIN: "the name cannot be resolved now",
  EHOSTUNREACH: "no route to the host",
  EHOSTDOWN: "the host is down",
  ENETUNREACH: "no route to its network",
  ETIMEDOUT: "no answer",
  EACCES: "connecting is not permitted from here",
  EADDRNOTAVAIL: "no local address to connect from",
};

/** Says in a few words why a connection could not be made. */
export function describeDialFault(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  // Several addresses were tried ("happy eyeballs"): the code is there, the message is empty.
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const phrase = code === undefined ? undefined : phrases[code];
  return phrase ?? (error.message === "" ? (code ?? error.name) : error.message);
}
