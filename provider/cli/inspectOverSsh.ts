import type { Duplex } from "node:stream";
import * as z from "zod";
import { PythonMissingError } from "../errors/pythonMissingError";
import { type Finding, findingSchema } from "../firecrackerHost/finding";
import { runHostProgram } from "../hostProgram/runHostProgram";
import type { Host } from "../ssh/host";

/** Bounds the look at the host, in milliseconds. */
const preflightTimeoutMs = 60_000;

const probeTimeoutMs = 10_000;

/** Commands that are tried at once; a stack runs no more over one connection (`ChannelSlots`). */
const sessionsTried = 8;

/** Below so many, resources of one stack wait for each other. */
const sessionsWanted = 4;

const sessionsTimeoutMs = 3000;

const preflightSchema = z.object({
  architecture: z.string(),
  kernel: z.string(),
  findings: z.array(findingSchema),
});

/** What was found out about a host. */
export interface Inspection {
  /** `root@fc.example.com:22`. */
  host: string;
  architecture?: string;
  /** The kernel's release. */
  kernel?: string;
  findings: Finding[];
}

/** Looks at a host: what it is, and what its SSH server allows. */
export async function inspectOverSsh(host: Host): Promise<Inspection> {
  const preflight = await lookAtHost(host);
  if (preflight === undefined) {
    const { reason, hint } = new PythonMissingError("Could not look at the host", host.name);
    return { host: host.name, findings: [{ level: "error", name: "python", message: reason, hint }] };
  }
  const { architecture, kernel, findings } = preflight;
  const ssh = [await checkSocketForwarding(host), await checkSessions(host)];
  return { host: host.name, architecture, kernel, findings: [...findings, ...ssh] };
}

async function lookAtHost(host: Host): Promise<z.infer<typeof preflightSchema> | undefined> {
  try {
    const answer = await runHostProgram(host, {
      what: "Could not look at the host",
      op: "inspect.preflight",
      args: {},
      timeoutMs: preflightTimeoutMs,
    });
    return preflightSchema.parse(answer);
  } catch (error) {
    if (error instanceof PythonMissingError) return undefined;
    throw error;
  }
}

/** With a socket of our own on the host: for a path at which nobody listens, sshd's refusal looks the same. */
async function checkSocketForwarding(host: Host): Promise<Finding> {
  const name = "ssh-sockets";
  if (!host.canForwardSockets) {
    const message =
      "with sudo, sockets are reached through a command on the host, which takes a little longer";
    return { level: "ok", name, message };
  }
  let greeting: Promise<boolean> = Promise.resolve(false);
  await runHostProgram(host, {
    what: "Could not try a socket",
    op: "inspect.listen",
    args: {},
    timeoutMs: probeTimeoutMs,
    onProgress: (path) => {
      greeting = isGreeted(host, path);
    },
  });
  if (await greeting) return { level: "ok", name, message: "Unix sockets are forwarded" };
  return {
    level: "warning",
    name,
    message: "sshd does not forward Unix sockets, so each question to a server or VM starts a command there",
    hint: "Set `AllowStreamLocalForwarding yes` (or `local`) in sshd_config.",
  };
}

async function isGreeted(host: Host, path: string): Promise<boolean> {
  let stream: Duplex | undefined;
  try {
    stream = await host.openUnixSocket(path, { timeoutMs: probeTimeoutMs });
    for await (const chunk of stream as AsyncIterable<Buffer>) return chunk.length > 0;
    return false;
  } catch {
    return false;
  } finally {
    stream?.end();
    stream?.destroy();
  }
}

/** Starts several commands that wait for their input, and counts those that sshd lets run beside each other. */
async function checkSessions(host: Host): Promise<Finding> {
  const name = "ssh-sessions";
  const opening = Array.from({ length: sessionsTried }, () =>
    host.openExec(["cat"], { timeoutMs: sessionsTimeoutMs }),
  );
  const settled = await Promise.allSettled(opening);
  const opened = settled.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  for (const stream of opened) {
    stream.end();
    stream.resume();
  }
  if (opened.length >= sessionsWanted) {
    return {
      level: "ok",
      name,
      message: `at least ${opened.length} commands run at once over one connection`,
    };
  }
  return {
    level: "warning",
    name,
    message: `of ${sessionsTried} commands over one connection, only ${opened.length} ran at once: resources wait for each other`,
    hint: "Raise `MaxSessions` in sshd_config; its default is 10.",
  };
}
