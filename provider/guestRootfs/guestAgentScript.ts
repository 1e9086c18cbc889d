import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The guest agent as it is put into images. */
export interface GuestAgentScript {
  text: string;
  /** SHA-256 of the text, in hexadecimal digits. */
  hash: string;
}

let read: GuestAgentScript | undefined;

/** Reads the guest agent of this version of the package. */
export function guestAgentScript(): GuestAgentScript {
  read ??= readScript();
  return read;
}

function readScript(): GuestAgentScript {
  const text = readFileSync(join(__dirname, "..", "guest", "fc-agent.sh"), "utf8");
  return { text, hash: createHash("sha256").update(text).digest("hex") };
}
