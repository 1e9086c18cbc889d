import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "../../../provider/ssh/quote";
import type { BenchHost, Place } from "../benchHost";
import { openSsh, type SshCall } from "./openSsh";

/** How long people's scripts sleep between two looks. */
const pollMs = 1000;
const longestWaitMs = 120_000;

export const referenceServer = join(__dirname, "server.py");

/**
 * The job as people do it today: five calls of the OpenSSH client around a small Python server, the fourth in a loop.
 * Each call is a connection of its own.
 */
export class ReferenceJob {
  private constructor(
    private readonly folder: string,
    private readonly place: Place,
    private readonly call: SshCall,
  ) {}

  public static async prepare({ sshd }: BenchHost, place: Place): Promise<ReferenceJob> {
    return new ReferenceJob(join(sshd.folder, "reference"), place, await openSsh(sshd));
  }

  public async upload(): Promise<void> {
    await this.call(
      `mkdir -p ${this.folder} && cat > ${this.folder}/server.py`,
      readFileSync(referenceServer),
    );
  }

  public async start(): Promise<void> {
    const { onHost, tapIp, tapPort } = this.place;
    const command = quote([...onHost, "python3", "server.py", tapIp, String(tapPort)]);
    await this.call(`cd ${this.folder} && { nohup ${command} > log 2>&1 < /dev/null & echo $! > pid; }`);
  }

  public async inject(task: object): Promise<void> {
    await this.call(`cat > ${this.folder}/task.json`, Buffer.from(JSON.stringify(task)));
  }

  /** Looks for the result until it is there, and whole; then makes place for the next one. */
  public async collect(size: number): Promise<Buffer> {
    const deadline = Date.now() + longestWaitMs;
    for (;;) {
      const result = await this.call(`cat ${this.folder}/result 2> /dev/null || true`);
      if (result.length === size) return result;
      if (Date.now() >= deadline) throw new Error("the reference job has no result");
      await sleep(pollMs);
    }
  }

  public async clearResult(): Promise<void> {
    await this.call(`rm -f ${this.folder}/result`);
  }

  public async stop(): Promise<void> {
    await this.call(`kill $(cat ${this.folder}/pid 2> /dev/null) 2> /dev/null; rm -rf ${this.folder}`);
  }
}
