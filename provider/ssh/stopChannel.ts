import type { ClientChannel } from "ssh2";

/**
 * Leaves a channel that is not wanted any more. The process of a command gets a signal only while its input is open
 * (ssh2 sends none afterwards); otherwise it finds out when it writes to its closed output. A socket gets none.
 */
export function stopChannel(channel: ClientChannel): void {
  channel.signal("TERM");
  channel.close();
  // A channel's 'close' only comes when all that it holds has been read.
  channel.resume();
  channel.stderr.resume();
}
