import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { endSshCommands } from "../tests/support/endSshCommands";
import { findNamespaceObstacle, netnsFolder, stateRoot } from "../tests/support/namespace";
import { findSshdObstacle, startSshd } from "../tests/support/sshd";
import { Secret } from "../tests/support/stackConfig";
import { serveRepository } from "../tests/support/vm/serveRepository";
import { startDemoGuest } from "./demoGuest";
import { questions, type DemoHost } from "./demoHost";

/** Lines that begin with @ tell the stand-in what to do; to the real agent they would be part of the question. */
const steps = ["@turns 6", "@edit README A line that the agent has written.", "@hang 2", "@turns 5"];

/** This machine as the host, behind an SSH server of its own, with a guest and a repository beside it. */
export async function makeStandInHost(): Promise<DemoHost> {
  const obstacle = findSshdObstacle() ?? findNamespaceObstacle();
  if (obstacle !== undefined) throw new Error(`the demo cannot run here: ${obstacle}`);
  const undo: (() => void | Promise<void>)[] = [];
  const remove = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const sshd = await startSshd();
    undo.push(async () => {
      await sshd.stop();
      endSshCommands(sshd);
    });
    const guest = await startDemoGuest();
    const { namespace } = guest;
    undo.push(() => namespace.remove());
    undo.push(() => guest.stop());
    const repository = await serveRepository(namespace, "http");
    undo.push(() => repository.stop());
    const { host, port, user, privateKey, hostKey } = sshd.connection();
    return {
      description: [
        `host   this machine, through an SSH server that the demo has started at ${host}:${port}`,
        `guest  ${guest.description.join("\n           ")}`,
        "agent  a stand-in that repeats what it was asked and edits a file; no token is needed, nothing is paid for",
        "       (with FC_HOST and CLAUDE_CODE_OAUTH_TOKEN it is the real one on your host, see README.md)",
      ],
      config: {
        ...{ host, port, user, hostKey, privateKey: new Secret(privateKey), netns: namespace.name },
        claudeToken: new Secret(`sk-ant-stand-in-${randomBytes(16).toString("hex")}`),
        gitRepoUrl: repository.url,
      },
      env: {},
      prompts: [[questions[0], ...steps].join("\n"), [questions[1], ...steps].join("\n")],
      guest,
      isOwn: false,
      countRuns: () => guest.watch.find(/^fc-agent: task \S+: \d+ bytes of prompt/).length,
      remove,
      findLeftovers: async () => {
        // Their end is no work of the stack's; whatever else runs is left over.
        await repository.stop();
        await guest.stop();
        const processes = await namespace.listProcesses();
        const sockets = await namespace.listSockets();
        const folders = listNames(stateRoot, namespace.name).map((name) => join(stateRoot, name));
        await remove();
        return {
          processes: processes.map(String),
          sockets,
          namespaces: listNames(netnsFolder, namespace.name),
          files: [...folders, ...[sshd.folder, repository.path, ...guest.listFiles()].filter(existsSync)],
        };
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function listNames(folder: string, part: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.includes(part)) : [];
}
