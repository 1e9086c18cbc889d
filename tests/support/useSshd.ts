import { findSshdObstacle, startSshd, type Sshd, type SshdOptions } from "./sshd";
import { skipBecause } from "./skipBecause";

export interface UsedSshd {
  /** The server of the suite. */
  readonly main: () => Sshd;
  /** Starts one more server, which ends with the test that asked for it. */
  readonly startExtra: (options?: SshdOptions) => Promise<Sshd>;
}

/** Gives a suite a server that starts before its tests and ends after them; skips them where there is no sshd. */
export function useSshd(options: SshdOptions = {}): UsedSshd {
  let main: Sshd | undefined;
  const extra: Sshd[] = [];
  before(async function () {
    skipBecause(this, findSshdObstacle());
    main = await startSshd(options);
  });
  afterEach(async () => {
    await Promise.all(extra.splice(0).map((server) => server.stop()));
  });
  after(async () => {
    await main?.stop();
  });
  return {
    main: () => {
      if (main === undefined) throw new Error("the server has not started yet");
      return main;
    },
    startExtra: async (extraOptions = {}) => {
      const server = await startSshd(extraOptions);
      extra.push(server);
      return server;
    },
  };
}
