import { makeNamespace } from "../tests/support/namespace";
import type { GuestShell } from "../tests/support/guestAgent/guestShell";
import { startGuestAgent } from "../tests/support/guestAgent/startGuestAgent";
import type { DemoGuest } from "./demoGuest";

/** The guest agent as a process, in a network namespace at the other end of a link. */
export async function startProcessGuest(whyNoMachine: string): Promise<DemoGuest> {
  const namespace = await makeNamespace();
  const shell: GuestShell = {
    name: "sh in a namespace",
    command: ["ip", "netns", "exec", namespace.guestName, "sh"],
    makePath: () => process.env.PATH ?? "",
    obstacle: undefined,
  };
  const address = await namespace.addGuestAddress();
  const agent = startGuestAgent({ shell, url: `http://${namespace.tapIp}:8080` });
  let isStopped = false;
  return {
    description: [
      `a process, the guest agent, in a network namespace, at ${address}`,
      `(no virtual machine: ${whyNoMachine})`,
    ],
    namespace,
    log: () => agent.log(),
    listFiles: () => [agent.folder],
    stop: async () => {
      if (!isStopped) await agent.stop();
      isStopped = true;
    },
  };
}
