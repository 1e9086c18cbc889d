import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "../../../provider/ssh/quote";
import type { BenchHost, Place } from "../benchHost";

/** How long people's scripts sleep between two looks. */
const pollMs = 1000;
const longestWaitMs = 120_000;

export const referenceServer = join(__dirname, "server.py");

/**
 * The job as people do it today: five calls of the OpenSSH client around a small Python server, the fourth in a loop.
 * Each call is a connection of its own.
 */
export class ReferenceJob {
  private readonly folder: string;
  private readonly ssh: readonly string[];

  private constructor(
    host: BenchHost,
    private readonly place: Place,
    knownHosts: string,
  ) {
    const { sshd } = host;
    this.folder = join(sshd.folder, "reference");
    const options = [
      "BatchMode=yes",
      "IdentitiesOnly=yes",
      "LogLevel=ERROR",
      `UserKnownHostsFile=${knownHosts}`,
    ];
    this.ssh = [
      ...["-F", "/dev/null", "-i", sshd.privateKeyPath, "-p", String(sshd.port)],
      ...options.flatMap((option) => ["-o", option]),
      `${sshd.user}@127.0.0.1`,
    ];
  }

  public static async prepare(host: BenchHost, place: Place): Promise<ReferenceJob> {
    const knownHosts = join(host.sshd.folder, "known_hosts");
    await writeFile(knownHosts, `${host.sshd.knownHostsLine}\n`);
    return new ReferenceJob(host, place, knownHosts);
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

  private async call(command: string, input?: Buffer): Promise<Buffer> {
    const child = spawn("ssh", [...this.ssh, command], { stdio: ["pipe", "pipe", "inherit"] });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const [exitCode] = (await once(child, "close")) as [number | null];
    if (exitCode !== 0) throw new Error(`ssh ended with ${exitCode ?? "a signal"}: ${command}`);
    return Buffer.concat(output);
  }
}
