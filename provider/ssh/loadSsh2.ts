import type ssh2 from "ssh2";

/** Loads ssh2 when the first host is dialed: previews never need it, and it costs a tenth of a second. */
export async function loadSsh2(): Promise<typeof ssh2> {
  return (await import("ssh2")).default;
}
