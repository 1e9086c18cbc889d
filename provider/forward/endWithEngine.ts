import { once } from "node:events";
import { connect } from "node:net";

/** How soon a lost connection to the engine is tried again before the engine counts as gone, in milliseconds. */
const reconnectDelayMs = 250;

/** So long what was under way may take to be undone before the process ends anyway, in milliseconds. */
const undoTimeoutMs = 30_000;

let engine: EngineAddress | undefined;
let isEnding = false;
const undoings = new Set<() => Promise<void>>();

/**
 * Ends this provider process when the Pulumi engine that started it has died. A killed CLI does not take its
 * provider processes along, and a provider that waits for an agent would go on waiting for hours.
 *
 * The engine's gRPC address is an argument of the dynamic provider. An idle connection to it is held; the kernel
 * closes it when the engine dies. The engine itself drops a connection that says nothing after two minutes, so a
 * closed connection is opened again, and only a refused one means that nobody is there any more.
 */
export function endWithEngine(argv: readonly string[] = process.argv): void {
  const address = findEngineAddress(argv);
  if (engine !== undefined || address === undefined) return;
  engine = address;
  watch(address);
}

/**
 * Carries work out that nobody but this process knows of until it is finished: should the engine die meanwhile, so that
 * what the work makes never gets into a state, `undo` is called before the process ends.
 */
export async function undoWithEngine<T>(work: Promise<T>, undo: () => Promise<void>): Promise<T> {
  undoings.add(undo);
  try {
    return await work;
  } finally {
    // An engine that has died meanwhile, which is noticed a moment later only, never hears of the answer.
    if (!isEnding && !(await isEngineGone())) undoings.delete(undo);
  }
}

/** Asks for a connection, which the kernel refuses as soon as the engine has ended. */
async function isEngineGone(): Promise<boolean> {
  if (engine === undefined) return false;
  const socket = connect(engine);
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return isRefusal(error);
  } finally {
    socket.destroy();
  }
}

interface EngineAddress {
  host: string;
  port: number;
}

/** The dynamic provider's script takes the address as its last argument; in any other process there is none. */
export function findEngineAddress(argv: readonly string[]): EngineAddress | undefined {
  if (!/dynamic-provider/.test(argv[1] ?? "")) return undefined;
  const match = /^([\w.-]+|\[[0-9a-f:]+\]):(\d{1,5})$/i.exec(argv.at(-1) ?? "");
  if (match === null) return undefined;
  const [, host = "", port = ""] = match;
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

function watch(address: EngineAddress): void {
  let isRefused = false;
  const socket = connect(address);
  socket.unref();
  // A reader is needed for the end of the stream to be seen; what the engine sends (HTTP/2 settings) is of no interest.
  socket.resume();
  socket.on("error", (error) => {
    // Any other failure to connect, such as too many open files, says nothing about the engine.
    isRefused = isRefusal(error);
  });
  socket.on("close", () => {
    if (isRefused) end();
    else setTimeout(watch, reconnectDelayMs, address).unref();
  });
}

function isRefusal(error: unknown): boolean {
  return (Object(error) as { code?: unknown }).code === "ECONNREFUSED";
}

function end(): void {
  isEnding = true;
  const exit = (): never => process.exit(1);
  setTimeout(exit, undoTimeoutMs);
  // Whatever cannot be undone is found by the next `pulumi up`.
  void Promise.allSettled([...undoings].map((undo) => undo())).then(exit);
}
