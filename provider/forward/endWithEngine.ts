import { connect } from "node:net";

/** How soon a lost connection to the engine is tried again before the engine counts as gone, in milliseconds. */
const reconnectDelayMs = 250;

let isWatching = false;

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
  if (isWatching || address === undefined) return;
  isWatching = true;
  watch(address);
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
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // Any other failure to connect, such as too many open files, says nothing about the engine.
    isRefused = error.code === "ECONNREFUSED";
  });
  socket.on("close", () => {
    if (isRefused) process.exit(1);
    setTimeout(watch, reconnectDelayMs, address).unref();
  });
}
