import { setTimeout as sleep } from "node:timers/promises";
import { FcAgentsError } from "../errors/fcAgentsError";
import { HostUnreachableError } from "../errors/hostUnreachableError";
import { SshHandshakeError } from "../errors/sshHandshakeError";
import { collectCredentials, type Credential } from "./credentials";
import { describeDialFault } from "./describeDialFault";
import { dialOnce, RefusedHostKey } from "./dialOnce";
import type { Endpoint } from "./endpoint";
import type { HostKeyType } from "./hostKey";
import { makeHostKeyPolicy, type HostKeyPolicy } from "./hostKeyPolicy";
import { loadSsh2 } from "./loadSsh2";
import { openSocket, openThroughProxy, type DialTransport } from "./openTransport";
import type { SshConnection } from "./sshConnection";

/** Bound of all attempts together where `dialErrorLimit` is -1 or `perDialTimeout` is 0. */
const totalLimitMs = 600_000;

const firstWaitMs = 250;
const longestWaitMs = 5000;

/** Longest time-out that Node's timers take. */
const noLimitMs = 2 ** 31 - 1;

/** Connects to an endpoint, through its proxy where it has one, trying again as its limits say. */
export async function dial(endpoint: Endpoint, signal: AbortSignal): Promise<SshConnection> {
  const policy = await makeHostKeyPolicy(endpoint);
  const credentials = await collectCredentials(endpoint);
  const isUnlimited = endpoint.attemptLimit === Infinity || endpoint.attemptTimeoutMs === 0;
  const deadline = isUnlimited ? Date.now() + totalLimitMs : Infinity;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await attemptDial(endpoint, policy, credentials, signal, deadline);
    } catch (error) {
      signal.throwIfAborted();
      // Errors of this package would come again: a wrong key, refused credentials.
      if (error instanceof FcAgentsError) throw error;
      const waitMs = Math.min(firstWaitMs * 2 ** (attempt - 1), longestWaitMs);
      if (attempt >= endpoint.attemptLimit || Date.now() + waitMs >= deadline) {
        throw describeGivingUp(endpoint, attempt, error);
      }
      await sleep(waitMs, undefined, { signal });
    }
  }
}

async function attemptDial(
  endpoint: Endpoint,
  policy: HostKeyPolicy,
  credentials: readonly Credential[],
  outerSignal: AbortSignal,
  deadline: number,
): Promise<SshConnection> {
  const { Client } = await loadSsh2();
  let types = policy.typeOrder;
  let firstRefusal: RefusedHostKey | undefined;
  for (;;) {
    const limit = new AbortController();
    const onOuterAbort = (): void => {
      limit.abort();
    };
    outerSignal.addEventListener("abort", onOuterAbort);
    let timer: NodeJS.Timeout | undefined;
    try {
      const transport = await openTransport(endpoint, outerSignal, limit.signal, () => {
        timer = setTimeout(onOuterAbort, boundAttempt(endpoint, deadline));
      });
      return await dialOnce({
        Client,
        endpoint,
        policy,
        credentials,
        types,
        transport,
        signal: limit.signal,
      });
    } catch (error) {
      // Once the host has no key of another type left to show, the first refusal was the answer.
      if (firstRefusal !== undefined && error instanceof SshHandshakeError) throw firstRefusal.verdict;
      if (!(error instanceof RefusedHostKey)) throw error;
      firstRefusal ??= error;
      const left: HostKeyType[] = types.filter((type) => type !== error.type);
      if (!policy.isTypeUnknown || left.length === types.length || left.length === 0) {
        throw firstRefusal.verdict;
      }
      types = left;
    } finally {
      clearTimeout(timer);
      outerSignal.removeEventListener("abort", onOuterAbort);
    }
  }
}

/** The time of an attempt starts when the proxy, which has limits of its own, is connected. */
async function openTransport(
  endpoint: Endpoint,
  outerSignal: AbortSignal,
  signal: AbortSignal,
  startTimer: () => void,
): Promise<DialTransport> {
  if (endpoint.proxy === undefined) {
    startTimer();
    return openSocket(endpoint);
  }
  const proxy = await dial(endpoint.proxy, outerSignal);
  startTimer();
  try {
    return await openThroughProxy(endpoint, endpoint.proxy.name, proxy, signal);
  } catch (error) {
    proxy.close();
    throw error;
  }
}

function boundAttempt(endpoint: Endpoint, deadline: number): number {
  const own = endpoint.attemptTimeoutMs === 0 ? noLimitMs : endpoint.attemptTimeoutMs;
  return Math.max(1, Math.min(own, deadline - Date.now()));
}

function describeGivingUp(endpoint: Endpoint, attempt: number, error: unknown): HostUnreachableError {
  const limit = endpoint.attemptLimit === Infinity ? "" : ` of ${endpoint.attemptLimit}`;
  return new HostUnreachableError(
    endpoint.name,
    `attempt ${attempt}${limit}: ${describeDialFault(error)}`,
    `Check \`${endpoint.inputPath}.host\` and \`port\`, and that the host is up; \`dialErrorLimit\` and \`perDialTimeout\` set how long it is tried.`,
    error,
  );
}
