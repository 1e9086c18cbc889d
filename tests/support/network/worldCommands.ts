import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs `ip` and returns what it printed. */
export async function ip(...args: string[]): Promise<string> {
  return (await run("ip", args)).stdout;
}

/** Runs a command in a namespace and returns what it printed. */
export async function inNetns(netns: string, ...argv: string[]): Promise<string> {
  return (await run("nsenter", [`--net=/run/netns/${netns}`, "--", ...argv])).stdout;
}
