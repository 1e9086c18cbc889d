import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { connectionSchema } from "../provider/connection/connectionSchema";
import { withHost } from "../provider/ssh/hostPool";
import { probeServer } from "../provider/taskServer/runLoader";
import { Secret, type ConfigValue } from "../tests/support/stackConfig";
import type { StartedGuest } from "./demoGuest";
import { makeStandInHost } from "./standInHost";

/** Where the demo deploys to, and who does the work there. */
export interface DemoHost {
  /** One line each on the host, the guest and the agent. */
  readonly description: readonly string[];
  /** The example's configuration for this host. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly env: NodeJS.ProcessEnv;
  /** What is asked first, and then. */
  readonly prompts: readonly [string, string];
  /** The guest that the demo has started; none on a host of one's own. */
  readonly guest?: StartedGuest;
  /** A host that stays when the demo has ended, so that an interrupted demo has to destroy its stack. */
  readonly isOwn: boolean;
  /** How often the agent has run; not known of a real one. */
  countRuns(): number | undefined;
  /** Takes away what the demo itself has made for the host. */
  remove(): Promise<void>;
  /** After a destroy: removes the rest, and tells what is left nevertheless, by kind. */
  findLeftovers(): Promise<Record<string, string[]>>;
}

export const questions = [
  "Explain in one sentence what a microVM is.",
  "Explain in one sentence what a network namespace is.",
] as const;

/** The user's own host if it is named in the environment, else this machine with a stand-in agent. */
export function makeDemoHost(env: NodeJS.ProcessEnv): Promise<DemoHost> {
  return env.FC_HOST !== undefined && env.CLAUDE_CODE_OAUTH_TOKEN !== undefined
    ? Promise.resolve(describeOwnHost(env, env.FC_HOST, env.CLAUDE_CODE_OAUTH_TOKEN))
    : makeStandInHost();
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
    prompts: questions,
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
