import { readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { SshConfigError } from "../errors/sshConfigError";
import { expandHome } from "./expandHome";
import { readWithIncludes } from "./sshConfigIncludes";

/** What ~/.ssh/config says of a host; absent where it says nothing. */
export interface SshConfigHost {
  hostName?: string;
  user?: string;
  port?: number;
  identityFiles: string[];
  /** `[user@]host[:port]` of the one host to go through. */
  proxyJump?: { host: string; user?: string; port?: number };
}

/**
 * Looks a host up in ~/.ssh/config: HostName, User, Port, IdentityFile and ProxyJump. `Match exec` sections are
 * passed over: a look-up must not run programs. The system-wide /etc/ssh/ssh_config is not read.
 */
export async function lookUpSshConfig(host: string, user: string | undefined): Promise<SshConfigHost> {
  const path = expandHome("~/.ssh/config");
  const text = await readOptional(path);
  if (text === undefined) return { identityFiles: [] };
  const values = await computeValues(path, text, host, user);
  const hostName = values["hostname"]?.[0]?.replaceAll(/%(h|%)/g, (_, token) => (token === "h" ? host : "%"));
  const found: SshConfigHost = { identityFiles: [] };
  if (hostName !== undefined) found.hostName = hostName;
  const configUser = user ?? values["user"]?.[0];
  if (configUser !== undefined) found.user = configUser;
  const port = values["port"]?.[0];
  if (port !== undefined) found.port = parsePort(port, host);
  const jump = values["proxyjump"]?.[0];
  if (jump !== undefined && jump.toLowerCase() !== "none") found.proxyJump = parseJump(jump, host);
  found.identityFiles = (values["identityfile"] ?? [])
    .filter((file) => file.toLowerCase() !== "none")
    .map((file) => expandFile(file, { host: hostName ?? host, user: configUser }));
  return found;
}

async function computeValues(
  path: string,
  text: string,
  host: string,
  user: string | undefined,
): Promise<Record<string, string[] | undefined>> {
  const { default: SSHConfig } = await import("ssh-config");
  try {
    const config = await readWithIncludes(SSHConfig, text);
    const query = user === undefined ? { Host: host } : { Host: host, User: user };
    const computed = config.compute(query, { ignoreCase: true, matchExec: false });
    return Object.fromEntries(Object.entries(computed).map(([key, value]) => [key, [value].flat()]));
  } catch (error) {
    throw new SshConfigError(
      `${path} cannot be read as an ssh_config file`,
      "Look at it with `ssh -G HOST`.",
      error,
    );
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // No file, or not ours to read (as in a container with another user's home): it says nothing.
    return undefined;
  }
}

function parsePort(text: string, host: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new SshConfigError(
    `Port ${JSON.stringify(text)} of host ${host} is no port`,
    "Set `port` in `connection`.",
  );
}

function parseJump(jump: string, host: string): { host: string; user?: string; port?: number } {
  if (jump.includes(",")) {
    throw new SshConfigError(
      `ProxyJump of host ${host} names more than one host`,
      "One hop is supported: set `proxy` in `connection`, or jump by way of one host.",
    );
  }
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?\/?$/.exec(jump);
  const name = match?.[2];
  if (name === undefined)
    throw new SshConfigError(`ProxyJump ${JSON.stringify(jump)} of host ${host} is no host`);
  const parsed: { host: string; user?: string; port?: number } = { host: name.replace(/^\[(.*)\]$/, "$1") };
  if (match?.[1] !== undefined) parsed.user = match[1];
  if (match?.[3] !== undefined) parsed.port = parsePort(match[3], name);
  return parsed;
}

/** The tokens of ssh_config(5) that make sense in a path of ours. */
function expandFile(file: string, remote: { host: string; user: string | undefined }): string {
  const tokens: Record<string, string | undefined> = {
    "%": "%",
    d: homedir(),
    h: remote.host,
    r: remote.user,
    u: userInfo().username,
  };
  return expandHome(
    file
      .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? "")
      .replaceAll(/%([%dhru])/g, (whole, token: string) => tokens[token] ?? whole),
  );
}
