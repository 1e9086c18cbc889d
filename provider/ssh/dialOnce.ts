import type { AuthenticationType, Client, ClientErrorExtensions } from "ssh2";
import { AuthenticationRefusedError } from "../errors/authenticationRefusedError";
import { SshHandshakeError } from "../errors/sshHandshakeError";
import type { Credential } from "./credentials";
import type { Endpoint } from "./endpoint";
import { hostKeyAlgorithms, readKeyType, type HostKeyType } from "./hostKey";
import type { HostKeyPolicy } from "./hostKeyPolicy";
import { LoginAttempts } from "./loginAttempts";
import { makeSshConnection, type SshConnection } from "./sshConnection";
import type { DialTransport } from "./openTransport";

/**
 * Asks the host for a sign of life. ssh2 itself never gives up: it counts nothing but the answers, and on a slow line
 * these wait behind megabytes of data. `watchSilence` decides.
 */
const keepalive = { keepaliveInterval: 5000, keepaliveCountMax: Number.MAX_SAFE_INTEGER };

export interface DialOnceOptions {
  /** Loaded before the transport opens, whose first events would be missed otherwise. */
  Client: typeof Client;
  endpoint: Endpoint;
  policy: HostKeyPolicy;
  credentials: readonly Credential[];
  /** Key types that this attempt may negotiate. */
  types: readonly HostKeyType[];
  transport: DialTransport;
  signal: AbortSignal;
}

/** A key was refused that is of one type; the host may have the right one of another type. */
export class RefusedHostKey extends Error {
  public constructor(
    public readonly verdict: Error,
    public readonly type: string | undefined,
  ) {
    super(verdict.message);
  }
}

/**
 * Shakes hands and logs in over a transport. Rejects with an error of this package where another attempt
 * would end the same way, and with any other error where it may not.
 */
export function dialOnce(options: DialOnceOptions): Promise<SshConnection> {
  const { endpoint, transport, signal } = options;
  const client = new options.Client();
  let refused: RefusedHostKey | undefined;
  const login = new LoginAttempts(options.credentials);
  return new Promise((resolve, reject) => {
    let isShaken = false;
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", onAbort);
      // ssh2 reports one failure several times over; the first report is the cause.
      client.removeAllListeners().on("error", () => undefined);
      transport.destroy();
      reject(error);
    };
    const onAbort = (): void => {
      const bound = endpoint.attemptTimeoutMs === 0 ? "" : ` within ${endpoint.attemptTimeoutMs / 1000} s`;
      const stage = isShaken ? "logging in" : "the SSH handshake";
      fail(
        new Error(
          transport.isConnected() ? `connected, but ${stage} did not end${bound}` : `no answer${bound}`,
        ),
      );
    };
    signal.addEventListener("abort", onAbort);
    client
      .on("error", (error) => {
        // The agent is only one of the ways to log in: ssh2 goes on to the next by itself.
        if (error.level === "agent") {
          login.noteFailure(error.message);
          return;
        }
        if (error.level === "client-authentication" && !login.isExhausted) return;
        fail(refused ?? judgeFault(error, endpoint, login));
      })
      .on("handshake", () => {
        isShaken = true;
      })
      .on("close", () => {
        fail(
          new Error(`the connection was closed ${isShaken ? "while logging in" : "in the SSH handshake"}`),
        );
      })
      .on("ready", () => {
        signal.removeEventListener("abort", onAbort);
        client.removeAllListeners();
        resolve(makeSshConnection(endpoint.name, client, transport));
      });
    connect(client, options, login, (error) => {
      refused = error;
    });
    if (signal.aborted) onAbort();
  });
}

function connect(
  client: Client,
  { endpoint, policy, types, transport }: DialOnceOptions,
  login: LoginAttempts,
  onRefusedKey: (error: RefusedHostKey) => void,
): void {
  client.connect({
    sock: transport.stream,
    username: endpoint.user,
    readyTimeout: 0,
    ...keepalive,
    strictVendor: false,
    algorithms: { serverHostKey: types.flatMap((type) => [...hostKeyAlgorithms[type]]) },
    hostVerifier: (blob: Buffer): boolean => {
      const verdict = policy.judge(blob);
      if (verdict !== undefined) onRefusedKey(new RefusedHostKey(verdict, readKeyType(blob)));
      return verdict === undefined;
    },
    authHandler: (methodsLeft: AuthenticationType[] | null) => login.next(methodsLeft),
  });
}

function judgeFault(error: Error & ClientErrorExtensions, endpoint: Endpoint, login: LoginAttempts): Error {
  if (login.isExhausted) {
    return new AuthenticationRefusedError(endpoint.name, login.tried, login.lastFailure);
  }
  // A number is the reason code of a disconnect message: a server that has seen too many keys says so this way.
  if (login.tried.length > 0 && "code" in error && typeof error.code === "number") {
    return new AuthenticationRefusedError(endpoint.name, login.tried, error.message);
  }
  if (error.level === "handshake") {
    return new SshHandshakeError(endpoint.name, error.message.replace(/^Handshake failed: /, ""), error);
  }
  if (error.level === "protocol") return new Error("it closes the connection without a word of SSH");
  return error;
}
