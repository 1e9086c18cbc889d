import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Where Debian, Fedora and others keep the server; it insists on being started by its absolute path. */
const sshdPaths = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"];

export type TestKeyType = "ed25519" | "rsa" | "ecdsa";

export interface SshdOptions {
  /** Lines for sshd_config, such as `AllowStreamLocalForwarding no`; they come first, so they win. */
  configLines?: readonly string[];
  /** Host keys of the server; the first one is `hostKey`. Default: ed25519 only. */
  hostKeyTypes?: readonly TestKeyType[];
  /** A network namespace that the server and its sessions are in. It is reached at 127.0.0.1 from outside all the same. */
  netns?: string;
  /** Further public keys that may log in. */
  authorizedKeys?: readonly string[];
}

/** What a program passes as `connection` to reach a test server. */
export interface SshdConnection {
  host: string;
  port: number;
  user: string;
  privateKey: string;
  hostKey: string;
}

/** A real OpenSSH server on 127.0.0.1, with a configuration and keys of its own, as the user of the tests. */
export interface Sshd {
  readonly port: number;
  /** `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** All host keys, in the order of `hostKeyTypes`. */
  readonly hostKeys: readonly string[];
  /** Text of a private key that may log in. */
  readonly privateKey: string;
  /** Its path, for `ssh -i` and `ssh-add`. */
  readonly privateKeyPath: string;
  readonly knownHostsLine: string;
  readonly user: string;
  /** Temporary folder of the server, removed by `stop`. */
  readonly folder: string;
  connection(): SshdConnection;
  /** What the server has logged so far. */
  log(): string;
  /** Number of connections that are open now. */
  countSessions(): number;
  /** Number of connections that were ever opened. */
  countConnections(): number;
  /** Cuts every open connection; the server goes on. */
  dropConnections(): void;
  /** Stops the processes of every open connection, which stay open and say nothing any more. */
  freezeConnections(): void;
  /** Ends the server and its connections, and starts it again on the same port with the same keys. */
  restart(): Promise<void>;
  /** Ends the server and its connections, keeping its port and keys for `restart`. */
  halt(): Promise<void>;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

/** Tells why the real server cannot run here; `undefined` where it can. */
export function findSshdObstacle(): string | undefined {
  return sshdPaths.some(existsSync) ? undefined : "OpenSSH's sshd is not installed";
}

/** Makes a key pair with ssh-keygen and returns its texts. */
export function makeKey(
  path: string,
  type: TestKeyType = "ed25519",
  passphrase = "",
): { privateKey: string; publicKey: string } {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path]);
  return { privateKey: readFileSync(path, "utf8"), publicKey: readFileSync(`${path}.pub`, "utf8").trim() };
}

/** Starts a server and waits until it listens. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const path = sshdPaths.find(existsSync);
  if (path === undefined) throw new Error("OpenSSH's sshd is not installed");
  const user = userInfo().username;
  const folder = mkdtempSync(join(tmpdir(), "fc-sshd-"));
  // sshd reads authorized_keys as the user who logs in; the private keys in it have modes of their own.
  chmodSync(folder, 0o711);
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", removeFolder);
  // sshd started by root refuses to run without the folder that it would chroot into.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });

  const hostKeyFiles = (options.hostKeyTypes ?? ["ed25519"]).map((type) => {
    const file = join(folder, `host_${type}`);
    return { file, ...makeKey(file, type) };
  });
  const hostKeys = hostKeyFiles.map(({ publicKey }) => publicKey.split(" ").slice(0, 2).join(" "));
  const privateKeyPath = join(folder, "client");
  const client = makeKey(privateKeyPath);
  writeFileSync(
    join(folder, "authorized_keys"),
    [client.publicKey, ...(options.authorizedKeys ?? []), ""].join("\n"),
  );
  const configFile = join(folder, "sshd_config");
  const writeConfig = (port: number): void => {
    writeFileSync(
      configFile,
      [
        ...(options.configLines ?? []),
        // bash reads ~/.bashrc when sshd starts it, unless it takes itself for an inner shell: what the user of the tests
        // has in there is slow, or holds locks that a cut connection leaves behind.
        "SetEnv SHLVL=1",
        ...hostKeyFiles.map(({ file }) => `HostKey ${file}`),
        "ListenAddress 127.0.0.1",
        `Port ${port}`,
        `AuthorizedKeysFile ${folder}/authorized_keys`,
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        // /tmp may be written by everybody, which sshd would hold against the authorized_keys file.
        "StrictModes no",
        "PidFile none",
        "UseDNS no",
        "PrintMotd no",
        "LogLevel VERBOSE",
        "MaxStartups 100",
        "",
      ].join("\n"),
    );
  };

  let log = "";
  const append = (line: string): void => {
    log += `${line}\n`;
  };
  let port = 0;
  let server: ChildProcess | undefined;
  const command = [...(options.netns === undefined ? [] : enter(options.netns)), path];
  for (let attempt = 1; server === undefined; attempt += 1) {
    port = await findFreePort();
    writeConfig(port);
    // Between finding a port and binding it someone else may take it.
    server = await launch([...command, "-D", "-e", "-f", configFile], append);
    if (server === undefined && attempt === 5) throw new Error(`sshd does not start:\n${log}`);
  }
  let running: ChildProcess | undefined = server;
  const relay = options.netns === undefined ? undefined : await startRelay(options.netns, port);
  const killNow = (): void => {
    if (running?.pid !== undefined) killTree(running.pid);
    relay?.kill("SIGKILL");
  };
  process.once("exit", killNow);

  const halt = async (): Promise<void> => {
    const child = running;
    running = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    killTree(child.pid);
    await ended;
  };
  return {
    port,
    hostKey: hostKeys[0] ?? "",
    hostKeys,
    privateKey: client.privateKey,
    privateKeyPath,
    knownHostsLine: `[127.0.0.1]:${port} ${hostKeys[0] ?? ""}`,
    user,
    folder,
    connection: () => ({
      host: "127.0.0.1",
      port,
      user,
      privateKey: client.privateKey,
      hostKey: hostKeys[0] ?? "",
    }),
    log: () => log,
    countSessions: () => (running?.pid === undefined ? 0 : listChildren(running.pid).length),
    countConnections: () => log.match(/^Connection from /gm)?.length ?? 0,
    freezeConnections: () => {
      if (running?.pid !== undefined)
        for (const child of listChildren(running.pid)) signalTree(child, "SIGSTOP");
    },
    dropConnections: () => {
      if (running?.pid !== undefined) for (const child of listChildren(running.pid)) killTree(child);
    },
    halt,
    restart: async () => {
      await halt();
      running = await launch([...command, "-D", "-e", "-f", configFile], append);
      if (running === undefined) throw new Error(`sshd does not start again:\n${log}`);
    },
    stop: async () => {
      await halt();
      relay?.kill("SIGKILL");
      process.removeListener("exit", killNow);
      process.removeListener("exit", removeFolder);
      removeFolder();
    },
  };
}

/**
 * Not `ip netns exec`: that gives a process mounts of its own, and namespaces that are made in there could not be
 * entered from outside.
 */
function enter(netns: string): string[] {
  return ["nsenter", `--net=/run/netns/${netns}`, "--"];
}

/** Passes connections on to the same port inside a namespace. It ends with this process. */
async function startRelay(netns: string, port: number): Promise<ChildProcess> {
  const script = join(__dirname, "port_relay.py");
  const child = spawn("python3", [script, netns, String(port)], { stdio: ["pipe", "pipe", "inherit"] });
  const [first] = (await Promise.race([once(child.stdout, "data"), once(child, "exit")])) as [unknown];
  if (!(first instanceof Buffer)) throw new Error(`the relay into ${netns} did not start`);
  return child;
}

/** Starts sshd and waits until it says that it listens; `undefined` when it ends before. */
async function launch(
  [program = "", ...args]: readonly string[],
  append: (line: string) => void,
): Promise<ChildProcess | undefined> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => {
      resolve(undefined);
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      append(line);
      if (line.startsWith("Server listening on")) resolve(child);
    });
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Ends a process and all that it started and that still has it as an ancestor. */
function killTree(pid: number): void {
  signalTree(pid, "SIGKILL");
}

function signalTree(pid: number, signal: NodeJS.Signals): void {
  const children = listChildren(pid);
  try {
    process.kill(pid, signal);
  } catch {
    // Gone by itself.
  }
  for (const child of children) signalTree(child, signal);
}

/** sshd gives each connection a session of its own, so its process group does not reach them: /proc does. */
function listChildren(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => readParent(candidate) === pid);
}

function readParent(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold blanks and parentheses itself.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
