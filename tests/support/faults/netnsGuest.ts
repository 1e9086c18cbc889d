import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import * as z from "zod";
import type { ServerIdentity } from "../../../provider/taskServer/serverIdentity";

const run = promisify(execFile);

const taskSchema = z.looseObject({ id: z.string() });

/** A request of a guest that waits for its answer. */
export interface HeldRequest {
  /** What was answered; empty where nothing was. */
  answer: Promise<string>;
  /** Ends the process that waits. */
  vanish(): Promise<void>;
}

/** A guest in a network namespace, which speaks as the documented scripts do. */
export class NetnsGuest {
  private readonly url: string;

  public constructor(
    private readonly netns: string,
    { tapIp, tapPort }: ServerIdentity,
  ) {
    this.url = `http://${tapIp}:${tapPort}`;
  }

  public poll(): HeldRequest {
    const [command = "", ...args] = this.curl("-m", "15", `${this.url}/task`);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
    let answer = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (answer += text));
    const closed = once(child, "close");
    return {
      answer: closed.then(() => answer),
      vanish: async () => {
        child.kill("SIGKILL");
        await closed;
      },
    };
  }

  /** Takes the next task, and returns its id. */
  public async take(): Promise<string> {
    return taskSchema.parse(JSON.parse(await this.poll().answer)).id;
  }

  /** Posts a result, and returns the status of the answer. */
  public async post(id: string, body: string): Promise<number> {
    const [command = "", ...args] = this.curl(
      ...["-m", "15", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", body],
      `${this.url}/result?id=${id}`,
    );
    return Number((await run(command, args)).stdout);
  }

  private curl(...args: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.netns, "curl", "-s", ...args];
  }
}
