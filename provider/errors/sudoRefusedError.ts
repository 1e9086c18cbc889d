import { FcAgentsError } from "./fcAgentsError";

/** Thrown when `sudo -n` does not run commands for the user without a password. */
export class SudoRefusedError extends FcAgentsError {
  public constructor(host: string, user: string, stderr: string) {
    const said = stderr.trim();
    super({
      what: "sudo did not run the command",
      host,
      reason: said === "" ? "`sudo -n` failed" : said,
      hint: `\`sudo: true\` needs a rule without a password, such as "${user} ALL=(ALL) NOPASSWD: ALL" in /etc/sudoers.d/${user}.`,
    });
  }
}
