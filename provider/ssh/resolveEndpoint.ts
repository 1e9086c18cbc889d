import { connectionDefaults } from "../connection/connectionDefaults";
import type { Connection, Login } from "../connection/connectionSchema";
import { SshConfigError } from "../errors/sshConfigError";
import type { Endpoint } from "./endpoint";
import { expandHome } from "./expandHome";
import { lookUpSshConfig, type SshConfigHost } from "./sshConfig";

/** Completes a connection: explicit input before ~/.ssh/config before default. */
export async function resolveEndpoint(connection: Connection): Promise<Endpoint> {
  const config = await lookUpSshConfig(connection.host, connection.user);
  const proxy = await resolveProxy(connection, config);
  return complete("connection", connection, config, proxy);
}

async function resolveProxy(connection: Connection, config: SshConfigHost): Promise<Endpoint | undefined> {
  const isExplicit = connection.proxy !== undefined;
  const login = connection.proxy ?? makeJumpLogin(connection, config);
  if (login === undefined) return undefined;
  const proxyConfig = await lookUpSshConfig(login.host, login.user);
  if (!isExplicit && proxyConfig.proxyJump !== undefined) {
    throw new SshConfigError(
      `host ${login.host}, which ProxyJump of host ${connection.host} names, has a ProxyJump of its own`,
      "One hop is supported.",
    );
  }
  return complete("connection.proxy", login, proxyConfig, undefined);
}

/** As with ssh itself, a host of ProxyJump logs in with what ~/.ssh says, not with the target's credentials. */
function makeJumpLogin(connection: Connection, config: SshConfigHost): Login | undefined {
  const jump = config.proxyJump;
  if (jump === undefined) return undefined;
  return {
    host: jump.host,
    port: jump.port,
    user: jump.user,
    knownHosts: connection.knownHosts,
    insecureIgnoreHostKey: false,
    dialErrorLimit: connection.dialErrorLimit,
    perDialTimeout: connection.perDialTimeout,
  };
}

function complete(
  inputPath: string,
  login: Login,
  config: SshConfigHost,
  proxy: Endpoint | undefined,
): Endpoint {
  const host = config.hostName ?? login.host;
  const port = login.port ?? config.port ?? connectionDefaults.port;
  const user = login.user ?? config.user ?? connectionDefaults.user;
  return {
    name: `${user}@${host.includes(":") ? `[${host}]` : host}:${port}`,
    inputPath,
    host,
    port,
    user,
    privateKey: login.privateKey,
    privateKeyPassword: login.privateKeyPassword,
    password: login.password,
    agentSocketPath: login.agentSocketPath === undefined ? undefined : expandHome(login.agentSocketPath),
    identityFiles: config.identityFiles,
    hostKey: login.hostKey,
    knownHostsPath: expandHome(login.knownHosts ?? connectionDefaults.knownHosts),
    isKnownHostsExplicit: login.knownHosts !== undefined,
    insecureIgnoreHostKey: login.insecureIgnoreHostKey,
    attemptLimit: login.dialErrorLimit === -1 ? Infinity : Math.max(1, login.dialErrorLimit),
    attemptTimeoutMs: login.perDialTimeout * 1000,
    proxy,
  };
}
