import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { SudoRefusedError } from "../../provider/errors/sudoRefusedError";
import { withHost } from "../../provider/ssh/hostPool";
import { passwordConnection } from "../support/passwordConnection";
import { skipBecause } from "../support/skipBecause";
import { findUserObstacle, makeSystemUser, type SystemUser } from "../support/systemUser";
import { useServers } from "../support/useServers";
import { useSshd } from "../support/useSshd";

const timeoutMs = 10_000;

describe("sudo, against OpenSSH", () => {
  const { main: sshd } = useSshd();
  let user: SystemUser | undefined;
  let rule = "";

  before(function () {
    const hasSudo = ["/usr/bin/sudo", "/bin/sudo"].some(existsSync);
    skipBecause(this, findUserObstacle() ?? (hasSudo ? undefined : "sudo is not installed"));
    user = makeSystemUser("sudo");
    rule = `/etc/sudoers.d/${user.name}`;
  });
  after(() => {
    if (rule !== "") rmSync(rule, { force: true });
    user?.remove();
  });

  const connection = () => connectionSchema.parse({ ...sshd().connection(), user: user?.name, sudo: true });

  it("runs commands as root where a rule allows it, and opens no sockets directly", async () => {
    writeFileSync(rule, `${user?.name ?? ""} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
    await withHost(connection(), async (host) => {
      assert.deepEqual([host.isRoot, host.canForwardSockets], [true, false]);
      assert.equal((await host.exec(["id", "-u"], { timeoutMs })).stdout.toString(), "0\n");
      assert.equal((await host.exec(["sh", "-c", "exit 1"], { timeoutMs })).exitCode, 1);
      const stdin = Buffer.from("fed to it");
      assert.equal((await host.exec(["cat"], { timeoutMs, stdin })).stdout.toString(), "fed to it");
    });
  });

  it("says so when sudo would ask for a password", async () => {
    rmSync(rule, { force: true });
    await assert.rejects(
      withHost(connection(), (host) => host.exec(["id"], { timeoutMs })),
      SudoRefusedError,
    );
  });

  it("says the same of a command whose output is streamed", async () => {
    rmSync(rule, { force: true });
    await withHost(connection(), async (host) => {
      const stream = await host.openExec(["id"], { timeoutMs });
      await assert.rejects(buffer(stream), SudoRefusedError);
    });
  });
});

describe("sudo, on a host that has none", () => {
  const servers = useServers();

  it("is named in the error", async () => {
    const server = await servers.startSsh({
      onReady: (client) => {
        client.on("session", (accept) =>
          accept().on("exec", (acceptExec, _reject, { command }) => {
            const channel = acceptExec();
            channel.stderr.write(`sh: 1: ${command.split(" ")[0] ?? ""}: not found\n`);
            channel.exit(127);
            channel.end();
          }),
        );
      },
    });
    const connection = passwordConnection(server.port, servers.password, { sudo: true });
    await assert.rejects(
      withHost(connectionSchema.parse(connection), (host) => host.exec(["id"], { timeoutMs })),
      (error) => {
        assert.ok(error instanceof SudoRefusedError);
        assert.match(error.message, /sudo: not found.*NOPASSWD/);
        return true;
      },
    );
  });
});
