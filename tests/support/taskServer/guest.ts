import { request, type IncomingHttpHeaders } from "node:http";
import * as z from "zod";
import type { TaskServer } from "./taskServer";

const taskSchema = z.looseObject({ id: z.string(), prompt: z.string(), token: z.string() });

/** A task as a guest gets it. */
export type GivenTask = z.infer<typeof taskSchema>;

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Poll {
  answer: Promise<Answer>;
  /** Ends the connection without waiting. */
  vanish(): void;
}

/** Longer than any request may take; a server that hangs fails the test. */
const requestTimeoutMs = 15_000;

/** A guest at an address of its own: on loopback every 127.x.y.z will do. */
export class Guest {
  public constructor(
    private readonly server: TaskServer,
    public readonly address: string,
  ) {}

  public get(path: string): Promise<Answer> {
    return this.send("GET", path).answer;
  }

  public send(
    method: string,
    path: string,
    options: { body?: string | Buffer; headers?: Record<string, string> } = {},
  ): Poll {
    const { tapIp, tapPort } = this.server.identity;
    const call = request({
      host: tapIp,
      port: tapPort,
      localAddress: this.address,
      method,
      path,
      agent: false,
      headers: options.headers ?? {},
      timeout: requestTimeoutMs,
    });
    const answer = new Promise<Answer>((resolve, reject) => {
      call.on("error", reject);
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer`)));
      call.on("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          });
        });
      });
    });
    // Whoever vanishes does not look at what becomes of the answer.
    answer.catch(() => undefined);
    call.end(options.body);
    return { answer, vanish: () => call.destroy() };
  }

  /** Starts to wait for a task. */
  public poll(): Poll {
    return this.send("GET", "/task");
  }

  /** Takes the next task, which has to be there or to come. */
  public async take(): Promise<GivenTask> {
    return readTask(await this.get("/task"));
  }

  /** Posts a result as a guest script does; without an id to a bare `/result`. */
  public async post(
    body: string | Buffer,
    id?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const path = id === undefined ? "/result" : `/result?id=${id}`;
    return this.send("POST", path, { body, headers }).answer;
  }
}

export function readTask({ status, body }: Answer): GivenTask {
  if (status !== 200) throw new Error(`expected a task, got ${status}`);
  return parseTask(body);
}

export function parseTask(body: Buffer | string): GivenTask {
  return taskSchema.parse(JSON.parse(body.toString()));
}
