import { TaskServer, type TaskServerOptions } from "./taskServer";

export interface UsedTaskServers {
  /** Deploys a server, which is stopped and removed after the test. */
  start(options?: TaskServerOptions): Promise<TaskServer>;
  /** A server that is not deployed yet, and is removed after the test all the same. */
  prepare(options?: TaskServerOptions): TaskServer;
}

/** Task servers for the tests of a suite. */
export function useTaskServers(): UsedTaskServers {
  const servers: TaskServer[] = [];
  const prepare = (options: TaskServerOptions = {}): TaskServer => {
    const server = new TaskServer(options);
    servers.push(server);
    return server;
  };
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop({ remove: true })));
  });
  return {
    prepare,
    start: async (options) => {
      const server = prepare(options);
      await server.deploy();
      return server;
    },
  };
}

/** One task server for all tests of a suite; the tasks that a test leaves are removed after it. */
export function useOneTaskServer(options: TaskServerOptions = {}): () => TaskServer {
  let server: TaskServer | undefined;
  before(async () => {
    server = new TaskServer(options);
    await server.deploy();
  });
  afterEach(async () => {
    await server?.forgetAll();
  });
  after(async () => {
    await server?.stop({ remove: true });
  });
  return () => {
    if (server === undefined) throw new Error("the server has not started yet");
    return server;
  };
}
