import { Agent, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { FcAgentsError } from "../errors/fcAgentsError";
import { FirecrackerAnswerError } from "../errors/firecrackerAnswerError";
import type { FirecrackerCall } from "../errors/firecrackerFaultError";
import { FirecrackerTimedOutError } from "../errors/firecrackerTimedOutError";
import { FirecrackerUnreachableError } from "../errors/firecrackerUnreachableError";
import { PythonMissingError } from "../errors/pythonMissingError";
import { RemoteCommandError } from "../errors/remoteCommandError";
import type { Host } from "../ssh/host";
import { type ApiSocket, openApiSocket, relayExitCodes } from "./openApiSocket";

/** No answer of the API is longer: its largest is what MMDS holds, and that is bounded by the size of a request. */
const maxAnswerBytes = 16 * 1024 * 1024;

const commandNotFound = 127;

export interface ApiCallOptions {
  /** Bounds the call, its connection included, in milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface ApiAnswer {
  status: number;
  /** The answer's body as text; empty where there is none. */
  text: string;
}

/** One conversation with an API socket on a host: HTTP/1.1 over one connection that is opened by the first call. */
export class ApiConnection {
  private readonly agent: ConversationAgent;
  private socket: ApiSocket | undefined;
  private isClosed = false;
  /** Ends when the call before has ended: Firecracker carries out one after the other, and order matters to it. */
  private previous: Promise<unknown> = Promise.resolve();

  public constructor(
    private readonly host: Host,
    private readonly socketPath: string,
  ) {
    this.agent = new ConversationAgent(async (timeoutMs) => {
      const socket = await openApiSocket(host, socketPath, { timeoutMs });
      this.socket = socket;
      // The one who asked for it may have given up.
      if (this.isClosed) closeStream(socket.stream);
      return socket.stream;
    });
  }

  /** Makes one call and returns its answer, whatever its status is. The body is never part of an error. */
  public async call(
    method: string,
    path: string,
    body: unknown,
    options: ApiCallOptions,
  ): Promise<ApiAnswer> {
    const call: FirecrackerCall = { method, path };
    try {
      const answer = this.previous.then(() => this.send(call, body, options));
      this.previous = answer.catch(() => undefined);
      return await answer;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw this.explain(call, error);
    }
  }

  public close(): void {
    this.isClosed = true;
    this.agent.destroy();
    if (this.socket !== undefined) closeStream(this.socket.stream);
  }

  private async send(call: FirecrackerCall, body: unknown, options: ApiCallOptions): Promise<ApiAnswer> {
    const answer = await this.exchange(call, body, options);
    await this.confirmWay();
    return answer;
  }

  private exchange(
    call: FirecrackerCall,
    body: unknown,
    { timeoutMs, signal }: ApiCallOptions,
  ): Promise<ApiAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const contentHeaders = text === undefined ? {} : { "Content-Type": "application/json" };
    this.agent.timeoutMs = timeoutMs;
    return new Promise<ApiAnswer>((resolve, reject) => {
      const sent = request({
        agent: this.agent,
        method: call.method,
        path: call.path,
        headers: { Host: "localhost", Accept: "application/json", ...contentHeaders },
        ...(signal === undefined ? {} : { signal }),
      });
      const timer = setTimeout(() => {
        reject(new FirecrackerTimedOutError(this.host.name, call, timeoutMs));
        sent.destroy();
      }, timeoutMs);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        // The rest of an answer that cannot be read would be taken for the next one's.
        sent.destroy();
        reject(error);
      };
      sent.once("error", fail);
      sent.once("response", (response) => {
        readAnswer(response, maxAnswerBytes).then((answer) => {
          clearTimeout(timer);
          resolve(answer);
        }, fail);
      });
      sent.end(text);
    });
  }

  private async confirmWay(): Promise<void> {
    const { socket } = this;
    if (socket === undefined) return;
    const { onAnswer } = socket;
    socket.onAnswer = () => Promise.resolve();
    await onAnswer();
  }

  private explain(call: FirecrackerCall, error: unknown): unknown {
    const { host, socketPath } = this;
    if (error instanceof RemoteCommandError) {
      if (error.exitCode === relayExitCodes.noSuchSocket)
        return new FirecrackerUnreachableError(host.name, socketPath, "there is no such socket", error);
      if (error.exitCode === relayExitCodes.nobodyListens)
        return new FirecrackerUnreachableError(
          host.name,
          socketPath,
          "nothing listens there any more",
          error,
        );
      if (error.exitCode === commandNotFound)
        return new PythonMissingError(`Could not reach Firecracker's API at ${socketPath}`, host.name);
      return new FirecrackerUnreachableError(host.name, socketPath, error.reason, error);
    }
    if (error instanceof FcAgentsError) return error;
    return new FirecrackerAnswerError(host.name, call, describeFault(error), error);
  }
}

/** ssh2 tells of a channel's end only to those who have ended their side. */
function closeStream(stream: Duplex): void {
  stream.end();
  stream.destroy();
}

function describeFault(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  // The codes of Node's parser (llhttp): https://nodejs.org/api/errors.html#hpe_-errors.
  if (typeof code === "string" && code.startsWith("HPE_")) return "its answer is not HTTP";
  if (error instanceof AnswerTooLargeError) return error.message;
  return "the connection ended before the whole answer had come";
}

class AnswerTooLargeError extends Error {}

async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<ApiAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new AnswerTooLargeError(`its answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}

/** Keeps one connection for all requests. */
class ConversationAgent extends Agent {
  /** Bounds the next connection. */
  public timeoutMs = 0;

  public constructor(private readonly open: (timeoutMs: number) => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 1 });
  }

  public override createConnection(
    _options: object,
    created?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.open(this.timeoutMs).then(
      (stream) => created?.(null, Object.assign(stream, tuning)),
      // Node's own type wants a stream here too, which there is none of.
      (error: unknown) => (created as ((error: unknown) => void) | undefined)?.(error),
    );
  }
}

/** What Node's agent tunes on a socket between two requests. A channel of an SSH connection has nothing of that kind. */
const tuning = {
  setKeepAlive: doNothing,
  setTimeout: doNothing,
  ref: doNothing,
  unref: doNothing,
};

function doNothing(): void {
  // On purpose.
}
