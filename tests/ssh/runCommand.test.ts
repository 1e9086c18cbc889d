import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { RemoteOutputTooLargeError } from "../../provider/errors/remoteOutputTooLargeError";
import { RemoteTimeoutError } from "../../provider/errors/remoteTimeoutError";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { passwordConnection } from "../support/passwordConnection";
import { useServers } from "../support/useServers";
import { useSshd } from "../support/useSshd";

const timeoutMs = 10_000;

describe("exec", () => {
  const { main: sshd } = useSshd();
  const servers = useServers();

  function use<T>(work: (host: Host) => Promise<T>, server = sshd()): Promise<T> {
    return withHost(connectionSchema.parse(server.connection()), work);
  }

  it("returns output, error output and exit code of a command whose words are taken literally", async () => {
    const result = await use((host) =>
      host.exec(["sh", "-c", 'printf "%s|" "$@"; echo oops >&2; exit 3', "sh", "a b", "$HOME", "'\"\\"], {
        timeoutMs,
      }),
    );
    assert.deepEqual(
      { ...result, stdout: result.stdout.toString() },
      { exitCode: 3, signal: undefined, stdout: "a b|$HOME|'\"\\|", stderr: "oops\n" },
    );
  });

  it("feeds standard input, also megabytes of it, and gives back the same bytes", async () => {
    const stdin = Buffer.alloc(6_000_000, "0123456789abcdef");
    const { stdout } = await use((host) =>
      host.exec(["cat"], { timeoutMs, stdin, maxOutputBytes: stdin.length }),
    );
    assert.ok(stdout.equals(stdin));
  });

  it("is not disturbed by a command that does not read its input", async () => {
    const stdin = Buffer.alloc(4_000_000);
    const { exitCode } = await use((host) => host.exec(["true"], { timeoutMs, stdin }));
    assert.equal(exitCode, 0);
  });

  it("reports the signal that ended a command", async () => {
    const { exitCode, signal } = await use((host) => host.exec(["sh", "-c", "kill -9 $$"], { timeoutMs }));
    assert.deepEqual([exitCode, signal], [undefined, "SIGKILL"]);
  });

  it("refuses output beyond its limit", async () => {
    const work = use((host) => host.exec(["head", "-c", "3000000", "/dev/zero"], { timeoutMs }));
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof RemoteOutputTooLargeError);
      assert.match(error.message, /`head` was stopped on .*: it printed more than 1048576 bytes\./);
      return true;
    });
  });

  it("keeps the tail of a long error output", async () => {
    const script = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo end >&2";
    const { stderr } = await use((host) => host.exec(["sh", "-c", script], { timeoutMs }));
    assert.equal(stderr.length, 65_536);
    assert.ok(stderr.endsWith("xend\n"));
  });

  it("ends at its time-out, and the connection goes on", async () => {
    await use(async (host) => {
      await assert.rejects(host.exec(["sleep", "100"], { timeoutMs: 200 }), RemoteTimeoutError);
      assert.equal((await host.exec(["echo", "on"], { timeoutMs })).stdout.toString(), "on\n");
    });
  });

  it("ends with the reason of its signal", async () => {
    const aborter = new AbortController();
    const reason = new Error("enough");
    await use(async (host) => {
      const pending = host.exec(["sleep", "100"], { timeoutMs, signal: aborter.signal });
      aborter.abort(reason);
      await assert.rejects(pending, reason);
    });
  });

  it("gets the exit code of a command whose whole life arrives in one piece", async () => {
    const server = await servers.startSsh({
      onReady: (client, socket) => {
        client.on("session", (accept) => {
          accept().on("exec", (acceptExec) => {
            socket.cork();
            const channel = acceptExec();
            channel.write("out");
            channel.stderr.write("err");
            channel.exit(3);
            channel.end();
            channel.close();
            setImmediate(() => {
              socket.uncork();
            });
          });
        });
      },
    });
    const connection = connectionSchema.parse(passwordConnection(server.port, servers.password));
    await withHost(connection, async (host) => {
      const { exitCode, stdout, stderr } = await host.exec(["x"], { timeoutMs });
      assert.deepEqual([exitCode, stdout.toString(), stderr], [3, "out", "err"]);
      const stream = await host.openExec(["x"], { timeoutMs });
      await assert.rejects(buffer(stream), /exit code 3, saying: err/);
    });
  });
});
