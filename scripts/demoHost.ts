import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { connectionSchema } from "../provider/connection/connectionSchema";
import { withHost } from "../provider/ssh/hostPool";
import { probeServer } from "../provider/taskServer/runLoader";
import { endSshCommands } from "../tests/support/endSshCommands";
import { findNamespaceObstacle, makeNamespace, netnsFolder, stateRoot } from "../tests/support/namespace";
import { findSshdObstacle, startSshd } from "../tests/support/sshd";
import { Secret, type ConfigValue } from "../tests/support/stackConfig";
import { startGuest } from "../tests/support/startGuest";

/** Where the demo deploys to, and who does the work there. */
export interface DemoHost {
  /** One line each on the host, the guest and the agent. */
  readonly description: readonly string[];
  /** The example's configuration for this host. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly env: NodeJS.ProcessEnv;
  /** A host that stays when the demo has ended, so that an interrupted demo has to destroy its stack. */
  readonly isOwn: boolean;
  /** How often the agent has run; not known of a real one. */
  countRuns(): number | undefined;
  /** Takes away what the demo itself has made for the host. */
  remove(): Promise<void>;
  /** After a destroy: removes the rest, and tells what is left nevertheless, by kind. */
  findLeftovers(): Promise<Record<string, string[]>>;
}

/** The user's own host if it is named in the environment, else this machine with a stand-in agent. */
export function makeDemoHost(env: NodeJS.ProcessEnv): Promise<DemoHost> {
  return env.FC_HOST !== undefined && env.CLAUDE_CODE_OAUTH_TOKEN !== undefined
    ? Promise.resolve(describeOwnHost(env, env.FC_HOST, env.CLAUDE_CODE_OAUTH_TOKEN))
    : makeStandInHost();
}

async function makeStandInHost(): Promise<DemoHost> {
  const obstacle = findSshdObstacle() ?? findNamespaceObstacle();
  if (obstacle !== undefined) throw new Error(`the demo cannot run here: ${obstacle}`);
  const sshd = await startSshd();
  const namespace = await makeNamespace();
  const guest = await startGuest(namespace);
  const { host, port, user, privateKey, hostKey } = sshd.connection();
  const remove = async (): Promise<void> => {
    await guest.stop();
    await sshd.stop();
    endSshCommands(sshd);
    await namespace.remove();
  };
  return {
    description: [
      `host   this machine, through an SSH server that the demo has started at ${host}:${port}`,
      `guest  a process in a network namespace, at ${guest.address}; the server's is ${namespace.name}`,
      "agent  a stand-in that repeats what it was asked; no token is needed and nothing is paid for",
      "       (with FC_HOST and CLAUDE_CODE_OAUTH_TOKEN it is the real one on your host, see README.md)",
    ],
    config: {
      ...{ host, port, user, hostKey, privateKey: new Secret(privateKey), netns: namespace.name },
      claudeToken: new Secret(`sk-ant-stand-in-${randomBytes(16).toString("hex")}`),
    },
    env: {},
    isOwn: false,
    countRuns: () => guest.listRuns().length,
    remove,
    findLeftovers: async () => {
      const processes = await namespace.listProcesses();
      const sockets = await namespace.listSockets();
      const folders = listNames(stateRoot, namespace.name).map((name) => join(stateRoot, name));
      await remove();
      return {
        processes: processes.map(String),
        sockets,
        namespaces: listNames(netnsFolder, namespace.name),
        files: [...folders, ...[sshd.folder, guest.folder].filter(existsSync)],
      };
    },
  };
}

function describeOwnHost(env: NodeJS.ProcessEnv, host: string, token: string): DemoHost {
  const port = env.FC_PORT === undefined ? undefined : Number(env.FC_PORT);
  const { FC_USER: user, FC_HOST_KEY: hostKey, FC_NETNS: netns, FC_TAP_IP: tapIp } = env;
  const tapPort = env.FC_TAP_PORT === undefined ? undefined : Number(env.FC_TAP_PORT);
  const privateKey = readFileSync(env.FC_PRIVATE_KEY_FILE ?? join(homedir(), ".ssh", "id_ed25519"), "utf8");
  return {
    description: [
      `host   ${host}`,
      `guest  your microVM, which has to poll http://${tapIp ?? "172.16.0.1"}:${tapPort ?? 8080}/task`,
      "agent  the real one; its two runs are paid for",
    ],
    config: {
      ...{ host, port, user, hostKey, netns, tapIp, tapPort },
      ...{ privateKey: new Secret(privateKey), claudeToken: new Secret(token) },
    },
    // Its known_hosts file may name the host's key.
    env: { HOME: homedir() },
    isOwn: true,
    countRuns: () => undefined,
    remove: () => Promise.resolve(),
    findLeftovers: async () => {
      const connection = connectionSchema.parse({ host, port, user, hostKey, privateKey });
      const identity = { netns, tapIp: tapIp ?? "172.16.0.1", tapPort: tapPort ?? 8080 };
      const { status } = await withHost(connection, (reached) => probeServer(reached, identity));
      return { "task server": status === "absent" ? [] : [status] };
    },
  };
}

function listNames(folder: string, part: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.includes(part)) : [];
}
