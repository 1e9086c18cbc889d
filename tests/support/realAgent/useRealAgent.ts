import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentRunState } from "../../../provider/agentRun/agentRunContract";
import { StackOfOne } from "../faults/stackOfOne";
import { guestShells, type GuestShell } from "../guestAgent/guestShell";
import { startGuestAgent } from "../guestAgent/startGuestAgent";
import { findSshdObstacle, startSshd, type Sshd } from "../sshd";
import { skipBecause } from "../skipBecause";
import { TaskServer } from "../taskServer/taskServer";
import { temporaryFolder, type TemporaryFolder } from "../temporaryFolder";
import { ensureClaudeCli } from "./claudeCli";
import { ModelApi, type Reply } from "./modelApi";

export interface RealRun {
  readonly state: AgentRunState;
  /** The transcript as it was written to the local file. */
  readonly transcript: string;
}

/** The real agent under the guest agent, asking a stub of the model's API, behind a real task server of a stack. */
export class RealAgent {
  private runs = 0;

  private constructor(
    public readonly api: ModelApi,
    public readonly server: TaskServer,
    private readonly sshd: Sshd,
    private readonly folder: TemporaryFolder,
    private readonly ends: (() => Promise<void>)[],
  ) {}

  public static async open(shell: GuestShell, cliPath: string): Promise<RealAgent> {
    const ends: (() => Promise<void>)[] = [];
    try {
      const sshd = await startSshd();
      ends.unshift(() => sshd.stop());
      const folder = await temporaryFolder();
      ends.unshift(() => folder.remove());
      const server = new TaskServer();
      const stack = new StackOfOne(server, sshd.connection());
      ends.unshift(() => stack.destroyServer());
      const fault = await stack.createServer();
      if (fault !== undefined) throw fault;
      const api = await ModelApi.start();
      ends.unshift(() => api.close());
      const { tapIp, tapPort } = server.identity;
      const env = { FC_AGENTS_CLAUDE: join(__dirname, "claude"), REAL_AGENT: cliPath };
      const guest = startGuestAgent({ shell, url: `http://${tapIp}:${tapPort}`, env });
      ends.unshift(() => guest.stop());
      return new RealAgent(api, server, sshd, folder, ends);
    } catch (error) {
      for (const end of ends) await end();
      throw error;
    }
  }

  /** Declares a run and waits for its end; the API answers as it is told here. */
  public async run(task: Readonly<Record<string, unknown>>, ...replies: readonly Reply[]): Promise<RealRun> {
    this.runs += 1;
    const transcriptPath = join(this.folder.path, `run-${this.runs}.jsonl`);
    this.api.expect(...replies);
    const { env = {}, ...rest } = task;
    const stack = new StackOfOne(this.server, this.sshd.connection(), {
      run: {
        task: { prompt: "Say hello", ...rest, env: { ...this.variables(), ...(env as object) } },
        failOnAgentError: false,
        transcriptPath,
      },
    });
    const { state, error } = await stack.upRun();
    if (error !== undefined || state === undefined) throw error ?? new Error("the run left no state");
    return { state, transcript: readFileSync(transcriptPath, "utf8") };
  }

  public async close(): Promise<void> {
    for (const end of this.ends.splice(0)) await end();
  }

  /** To the stub and nowhere else; what the agent would send elsewhere goes through a proxy that refuses it. */
  public variables(): Record<string, string> {
    return {
      ANTHROPIC_BASE_URL: this.api.url,
      CLAUDE_CODE_MAX_RETRIES: "0",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_ERROR_REPORTING: "1",
      DISABLE_TELEMETRY: "1",
      HTTP_PROXY: this.api.url,
      HTTPS_PROXY: this.api.url,
      NO_PROXY: "127.0.0.1",
    };
  }
}

/** One real agent for all tests of a suite, which are skipped where it cannot be had. */
export function useRealAgent(): () => RealAgent {
  let agent: RealAgent | undefined;
  before(async function () {
    // A first download takes its time.
    this.timeout(240_000);
    const [shell] = guestShells;
    skipBecause(this, shell?.obstacle ?? findSshdObstacle());
    const cli = await ensureClaudeCli();
    skipBecause(this, "obstacle" in cli ? cli.obstacle : undefined);
    if (shell !== undefined && "path" in cli) agent = await RealAgent.open(shell, cli.path);
  });
  after(async () => {
    await agent?.close();
  });
  return () => {
    if (agent === undefined) throw new Error("the agent is not open yet");
    return agent;
  };
}
