import type { Host } from "../ssh/host";
import { type ApiCallOptions, ApiConnection } from "./apiConnection";
import { FirecrackerApi } from "./firecrackerApi";

/**
 * Opens a conversation with the Firecracker that listens at a Unix socket on the host, runs `work` on it and closes it.
 * All its calls go over one connection, one after the other. `timeoutMs` bounds each call.
 *
 * @throws FirecrackerUnreachableError when nothing listens there.
 * @throws FirecrackerFaultError when Firecracker refuses a call: it says which and why, in Firecracker's words.
 * @throws FirecrackerTimedOutError, FirecrackerAnswerError when no whole answer comes.
 */
export async function withFirecracker<T>(
  host: Host,
  socketPath: string,
  options: ApiCallOptions,
  work: (api: FirecrackerApi) => Promise<T>,
): Promise<T> {
  const connection = new ApiConnection(host, socketPath);
  try {
    return await work(new FirecrackerApi(connection, host.name, options));
  } finally {
    connection.close();
  }
}
