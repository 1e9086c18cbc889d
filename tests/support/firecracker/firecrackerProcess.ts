import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callApi, faultOf, type ApiAnswer } from "./callApi";
import { waitForApi } from "./waitForApi";

const endTimeoutMs = 20_000;

export interface FirecrackerProcessOptions {
  /** Path of the program. */
  firecracker: string;
  /** Name of the network namespace that it runs in. Default: this process's own. */
  netns?: string;
  /** Further arguments. */
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Its working folder, which stays. Default: a new one, which goes with it. */
  folder?: string;
  /** Name of its API socket in that folder. Default: api.sock. */
  socketName?: string;
}

/** One Firecracker, without a jail, in a folder of its own. */
export class FirecrackerProcess {
  private output = "";

  private constructor(
    private readonly child: ChildProcess,
    /** Its working folder. */
    public readonly folder: string,
    private readonly keepsFolder: boolean,
    public readonly socket: string,
    private readonly abandon: () => void,
  ) {
    child.stdout?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString("latin1");
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString("latin1");
    });
  }

  /** Returns once it answers. */
  public static async start(options: FirecrackerProcessOptions): Promise<FirecrackerProcess> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), "fc-double-"));
    const { socketName = "api.sock" } = options;
    const socket = join(folder, socketName);
    const command = [options.firecracker, "--api-sock", socketName, "--id", "test", ...(options.args ?? [])];
    // With nsenter it is one process, whose number is this child's.
    const inside = options.netns === undefined ? [] : ["nsenter", `--net=/run/netns/${options.netns}`];
    const [program, ...args] = [...inside, ...command];
    if (program === undefined) throw new Error("there is no program");
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const abandon = (): void => {
      child.kill("SIGKILL");
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", abandon);
    const started = new FirecrackerProcess(child, folder, options.folder !== undefined, socket, abandon);
    try {
      await waitForApi(socket, () => {
        if (child.exitCode !== null) throw new Error(`Firecracker has ended:\n${started.output}`);
      });
      return started;
    } catch (error) {
      process.removeListener("exit", abandon);
      abandon();
      throw error;
    }
  }

  public get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error("Firecracker did not start");
    return pid;
  }

  /** Standard output and standard error: its log, and the serial console. */
  public console(): string {
    return this.output;
  }

  public call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return callApi(this.socket, method, path, body);
  }

  /** Requests that all have to be accepted, one after the other. */
  public async configure(...requests: readonly (readonly [string, string, unknown])[]): Promise<void> {
    for (const [method, path, body] of requests) {
      const answer = await this.call(method, path, body);
      if (answer.status >= 300) {
        throw new Error(`${method} ${path}: ${answer.status} ${faultOf(answer) ?? ""}\n${this.output}`);
      }
    }
  }

  /** The programs that it runs: the double's QEMU. */
  public listChildren(): number[] {
    const tasks = `/proc/${this.pid}/task`;
    if (!existsSync(tasks)) return [];
    return readdirSync(tasks)
      .flatMap((task) => readFileSync(join(tasks, task, "children"), "latin1").split(" "))
      .filter((pid) => pid !== "")
      .map(Number);
  }

  /** Its exit code, once it has ended by itself. */
  public async waitForEnd(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, "exit", { signal: AbortSignal.timeout(endTimeoutMs) });
    }
    return this.child.exitCode;
  }

  /** Ends it in whatever state it is, and removes its folder. */
  public async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.waitForEnd();
    process.removeListener("exit", this.abandon);
    if (!this.keepsFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}
