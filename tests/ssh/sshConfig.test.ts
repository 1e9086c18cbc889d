import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { SshConfigError } from "../../provider/errors/sshConfigError";
import { identifyConnection } from "../../provider/ssh/identifyConnection";
import { resolveEndpoint } from "../../provider/ssh/resolveEndpoint";
import { catchError } from "../support/catchError";
import { logIn } from "../support/logIn";
import { temporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";
import { withEnvironment } from "../support/withEnvironment";

/** Runs something for a user whose ~/.ssh holds these files. */
async function withHome<T>(files: Record<string, string>, work: (home: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder();
  try {
    mkdirSync(join(folder.path, ".ssh"));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder.path, ".ssh", name), text.replaceAll("HOME", folder.path), { mode: 0o600 });
    }
    return await withEnvironment({ HOME: folder.path, SSH_AUTH_SOCK: undefined }, () => work(folder.path));
  } finally {
    await folder.remove();
  }
}

const resolve = (connection: object) => resolveEndpoint(connectionSchema.parse(connection));

describe("aliases of ~/.ssh/config, against OpenSSH", () => {
  const { main: sshd, startExtra } = useSshd();

  it("logs in to an alias by its HostName, User, Port and IdentityFile, and by known_hosts", async () => {
    const { port, user, privateKey, knownHostsLine } = sshd();
    const files = {
      config: `Host fc\n  HostName 127.0.0.1\n  User ${user}\n  Port ${port}\n  IdentityFile ~/.ssh/fc_key\n`,
      fc_key: privateKey,
      known_hosts: `${knownHostsLine}\n`,
    };
    assert.equal(await withHome(files, () => logIn({ host: "fc" })), "logged in");
  });

  it("goes through the alias that ProxyJump names", async () => {
    const jump = await startExtra();
    const { port, user, privateKey, knownHostsLine } = sshd();
    const files = {
      config: [
        `Host jump\n  HostName 127.0.0.1\n  User ${jump.user}\n  Port ${jump.port}\n  IdentityFile ~/.ssh/jump_key`,
        `Host behind\n  HostName 127.0.0.1\n  User ${user}\n  Port ${port}\n  IdentityFile ~/.ssh/fc_key\n  ProxyJump jump`,
        "",
      ].join("\n"),
      fc_key: privateKey,
      jump_key: jump.privateKey,
      known_hosts: `${knownHostsLine}\n${jump.knownHostsLine}\n`,
    };
    assert.equal(await withHome(files, () => logIn({ host: "behind" })), "logged in");
    assert.equal(jump.countConnections(), 1);
  });
});

describe("~/.ssh/config", () => {
  const config = [
    "Include more/*.conf nothing.conf",
    "Host fc",
    "  HostName fc.example.com",
    "  User deploy",
    "  Port 2222",
    "  IdentityFile ~/.ssh/%r@%h",
    "  IdentityFile HOME/second",
    "  ProxyJump admin@bastion.example.com:2200",
    "Host chained",
    "  ProxyJump fc",
    "Host twice",
    "  ProxyJump a,b",
    "Host direct",
    "  ProxyJump none",
    "Host badport",
    "  Port ssh",
    'Match host probe exec "touch HOME/was-run"',
    "  User wrong",
    "Host * !special",
    "  User fallback",
    "",
  ].join("\n");

  it("completes what the connection leaves out, and the explicit input comes first", async () => {
    await withHome({ config }, async (home) => {
      const found = await resolve({ host: "fc" });
      assert.deepEqual([found.host, found.port, found.user], ["fc.example.com", 2222, "deploy"]);
      assert.deepEqual(found.identityFiles, [join(home, ".ssh/deploy@fc.example.com"), join(home, "second")]);
      assert.equal(found.name, "deploy@fc.example.com:2222");
      assert.equal(found.proxy?.name, "admin@bastion.example.com:2200");
      const given = await resolve({ host: "fc", port: 22, user: "root", proxy: { host: "other" } });
      assert.deepEqual([given.host, given.port, given.user], ["fc.example.com", 22, "root"]);
      assert.equal(given.proxy?.name, "fallback@other:22");
    });
  });

  it("has the defaults after it: port 22 and root", async () => {
    await withHome({ config }, async () => {
      assert.equal((await resolve({ host: "special" })).name, "root@special:22");
      assert.equal((await resolve({ host: "elsewhere" })).name, "fallback@elsewhere:22");
      assert.equal((await resolve({ host: "direct" })).proxy, undefined);
    });
    await withHome({}, async () => {
      assert.equal((await resolve({ host: "fc" })).name, "root@fc:22");
    });
  });

  it("follows Include lines", async () => {
    await withHome({ config }, async (home) => {
      mkdirSync(join(home, ".ssh/more"));
      writeFileSync(join(home, ".ssh/more/a.conf"), "Host inc\n  HostName included.example.com\n");
      assert.equal((await resolve({ host: "inc" })).host, "included.example.com");
    });
  });

  it("runs no program of a Match exec line", async () => {
    await withHome({ config }, async (home) => {
      assert.equal((await resolve({ host: "probe" })).user, "fallback");
      assert.equal(existsSync(join(home, "was-run")), false);
    });
  });

  it("says so where it cannot be followed: more than one hop, or a port that is none", async () => {
    await withHome({ config }, async () => {
      for (const [host, message] of [
        ["twice", /names more than one host.*One hop is supported/],
        ["chained", /has a ProxyJump of its own/],
        ["badport", /Port "ssh" of host badport is no port/],
      ] as const) {
        const error = await catchError(resolve({ host }));
        assert.ok(error instanceof SshConfigError, error.message);
        assert.match(error.message, message);
      }
    });
  });

  it("makes an alias and its spelled-out form the same host", async () => {
    await withHome({ config }, async () => {
      const alias = await identifyConnection(connectionSchema.parse({ host: "fc" }));
      const spelled = { host: "FC.example.com", port: 2222, user: "deploy" };
      assert.deepEqual(alias, await identifyConnection(connectionSchema.parse(spelled)));
    });
  });
});
