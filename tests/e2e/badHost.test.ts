import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assertFailed, Deployment, findDeploymentObstacle } from "../support/deployment";
import type { OperationResult } from "../support/pulumiStack";
import { skipBecause } from "../support/skipBecause";
import { makeKey, startSshd, type Sshd } from "../support/sshd";
import { findUserObstacle, makeSystemUser, type SystemUser } from "../support/systemUser";

/* All faults in one deployment: each is a server of its own, and none of them comes to be. */
describe("A host that is not as expected, end to end", function () {
  this.timeout(120_000);
  const password = "of a user of the tests";
  let deployment: Deployment;
  let pythonless: Sshd;
  let oldPython: Sshd;
  let intruder: ChildProcess;
  /** Its shell is sh, which reads no file that changes PATH. */
  let user: SystemUser | undefined;
  let folder = "";
  let up: OperationResult;

  before(async function () {
    skipBecause(this, findDeploymentObstacle() ?? findUserObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
    folder = mkdtempSync(join(tmpdir(), "fc-bad-host-"));
    chmodSync(folder, 0o755);
    user = makeSystemUser("python", password);
    const startWithPath = (path: string): Promise<Sshd> =>
      startSshd({ configLines: ["PasswordAuthentication yes", `SetEnv PATH=${path}`] });
    pythonless = await startWithPath(makeBinFolder(join(folder, "none")));
    oldPython = await startWithPath(makeBinFolder(join(folder, "old"), oldPythonScript()));
    const loginWithPath = ({ port, hostKey }: Sshd): object => ({
      tapIp: "127.0.0.77",
      connection: { port, hostKey, user: user?.name, password },
    });
    intruder = await listenAt(deployment.namespace.name, deployment.namespace.tapIp, 8080);
    const { connection, claudeToken, privateKey } = deployment.loginConfig();
    const netns = deployment.namespace.name;
    const wrongKey = makeKey(join(folder, "wrong")).publicKey;
    await deployment.stack.configure({
      ...{ connection, claudeToken, privateKey },
      servers: {
        "no-netns": { netns: "fct-not-there" },
        "no-device": { netns, tapIp: "172.16.9.1" },
        "port-taken": { netns },
        "wrong-key": {
          netns,
          tapPort: 8082,
          connection: { hostKey: wrongKey },
        },
        "no-python": loginWithPath(pythonless),
        "old-python": loginWithPath(oldPython),
        "no-host": {
          ...{ netns, tapPort: 8084 },
          connection: { port: 9, dialErrorLimit: 2 },
        },
      },
    });
    up = await deployment.stack.up("--continue-on-error");
  });
  after(async () => {
    (intruder as ChildProcess | undefined)?.kill("SIGKILL");
    await (pythonless as Sshd | undefined)?.stop();
    await (oldPython as Sshd | undefined)?.stop();
    await (deployment as Deployment | undefined)?.close();
    user?.remove();
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  it("says that the namespace does not exist", () => {
    assertFailed(up, /namespace.*fct-not-there/);
  });

  it("says that no device there has the address", () => {
    assertFailed(up, /172\.16\.9\.1/);
  });

  it("says who has the port", () => {
    assertFailed(up, new RegExp(`8080.*python3\\S* \\(pid ${intruder.pid ?? 0}\\)`));
  });

  it("shows both fingerprints of a host key that is another one", () => {
    assertFailed(up, /SHA256:[\w+/]{43}.*SHA256:[\w+/]{43}/);
  });

  it("says that there is no python3", () => {
    assertFailed(up, /there is no python3 on the PATH/);
  });

  it("says that python3 is too old", () => {
    assertFailed(up, /python3 there is 3\.8, and 3\.9 or newer is needed/);
  });

  it("says that the host does not answer, before anything else is tried", () => {
    assertFailed(up, /127\.0\.0\.1:9: .*attempt 2 of 2: connection refused/);
  });

  it("leaves nothing half-done on the host or in the stack", async () => {
    assert.deepEqual(up.exitCode === 0, false);
    assert.deepEqual(await deployment.namespace.listProcesses(), [intruder.pid]);
    assert.deepEqual(deployment.listServerFolders(), []);
    const made = deployment.stack.exportState().resources.filter(({ type }) => type.includes("fc-agents"));
    assert.deepEqual(made, []);
  });

  it("has shown neither token nor key to any process, file, log or screen", () =>
    deployment.assertNoSecretShown());
});

/** A folder for PATH with a shell, and no python3 but the one that is given. */
function makeBinFolder(path: string, python3?: string): string {
  mkdirSync(path);
  for (const name of ["sh", "true"]) symlinkSync(`/bin/${name}`, join(path, name));
  if (python3 !== undefined) writeFileSync(join(path, "python3"), python3, { mode: 0o755 });
  return path;
}

/** The distribution's Python, which every user may run, under an older number, for `python3 -IS -c PROGRAM`. */
function oldPythonScript(): string {
  const disguise = "import sys; sys.version_info = (3, 8, 10); exec(sys.argv[1])";
  return `#!/bin/sh\nexec /usr/bin/python3 -IS -c '${disguise}' "$3"\n`;
}

/** Takes a port in a namespace, as another program of the host might. */
async function listenAt(netns: string, address: string, port: number): Promise<ChildProcess> {
  const script = `import socket; s = socket.create_server(("${address}", ${port})); print("ready", flush=True); s.accept()`;
  const child = spawn("ip", ["netns", "exec", netns, "python3", "-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}
