import { findNamespaceObstacle, makeNamespace, type Namespace, type NamespaceOptions } from "../namespace";
import { skipBecause } from "../skipBecause";
import { alteredArchive } from "./archive";
import { NetnsGuest } from "./netnsGuest";
import type { RunningStatus, TaskServer, TaskServerOptions } from "./taskServer";
import { useTaskServers, type UsedTaskServers } from "./useTaskServers";
import { waitFor } from "./waitFor";

/** So that a device that is gone, or back, is noticed soon. */
export const watchOften = { "listener.WATCH_SECONDS": "0.1" };

export interface UsedNamespaces {
  readonly servers: UsedTaskServers;
  readonly makeSpace: (options?: NamespaceOptions) => Promise<Namespace>;
  /** Deploys a server into a namespace, with a guest at the other end of its link. */
  readonly start: (
    namespace: Namespace,
    options?: TaskServerOptions,
  ) => Promise<{ server: TaskServer; guest: NetnsGuest }>;
}

/** Namespaces with task servers for the tests of a suite, which are skipped where none can be made. */
export function useNamespaces(): UsedNamespaces {
  // First, so that its servers are stopped before their namespaces go.
  const servers = useTaskServers();
  const namespaces: Namespace[] = [];
  before(function () {
    skipBecause(this, findNamespaceObstacle());
  });
  afterEach(async () => {
    await Promise.all(namespaces.splice(0).map((namespace) => namespace.remove()));
  });
  return {
    servers,
    makeSpace: async (options) => {
      const namespace = await makeNamespace(options);
      namespaces.push(namespace);
      return namespace;
    },
    start: async (namespace, options = {}) => {
      const { name: netns, tapIp } = namespace;
      const server = await servers.start({
        identity: { netns, tapIp, tapPort: 8080 },
        archive: alteredArchive({ constants: watchOften }),
        ...options,
      });
      return { server, guest: await NetnsGuest.add(namespace, server) };
    },
  };
}

/** Waits until a running server says something of itself. */
export async function untilStatus(
  server: TaskServer,
  what: string,
  holds: (status: RunningStatus) => boolean,
): Promise<void> {
  await waitFor(what, async () => (holds(await server.status()) ? true : undefined));
}
