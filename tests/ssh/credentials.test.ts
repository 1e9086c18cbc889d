import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AuthenticationRefusedError } from "../../provider/errors/authenticationRefusedError";
import { NoCredentialsError } from "../../provider/errors/noCredentialsError";
import { PrivateKeyUnusableError } from "../../provider/errors/privateKeyUnusableError";
import { describeKey } from "../../provider/ssh/hostKey";
import { catchError } from "../support/catchError";
import { logIn } from "../support/logIn";
import { skipBecause } from "../support/skipBecause";
import { findAgentObstacle, startSshAgent } from "../support/sshAgent";
import { makeKey } from "../support/sshd";
import { findUserObstacle, makeSystemUser } from "../support/systemUser";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";
import { withEnvironment } from "../support/withEnvironment";

function describeText(key: string): string {
  return describeKey(Buffer.from(key.split(" ")[1] ?? "", "base64"));
}

describe("credentials, against OpenSSH", () => {
  const authorizedKeys: string[] = [];
  let temporary: TemporaryFolder | undefined;
  let folder = "";
  let locked = { privateKey: "", publicKey: "" };
  let other = { privateKey: "", publicKey: "" };

  before(async () => {
    temporary = await temporaryFolder();
    folder = temporary.path;
    locked = makeKey(join(folder, "locked"), "ed25519", "open sesame");
    other = makeKey(join(folder, "other"));
    authorizedKeys.push(locked.publicKey);
  });
  after(() => temporary?.remove());

  // Its hooks run after the one above, which makes the keys.
  const { main: sshd, startExtra } = useSshd({ authorizedKeys });

  it("logs in with a private key, also when line ends were changed or trimmed on the way", async () => {
    const { privateKey } = sshd();
    for (const text of [privateKey, privateKey.trim(), privateKey.replaceAll("\n", "\r\n")]) {
      assert.equal(await logIn({ ...sshd().connection(), privateKey: text }), "logged in");
    }
  });

  it("logs in with a private key that has a passphrase", async () => {
    const { privateKey } = locked;
    const given = { ...sshd().connection(), privateKey, privateKeyPassword: "open sesame" };
    assert.equal(await logIn(given), "logged in");
  });

  it("says so when the passphrase is missing or wrong, without showing anything of it", async () => {
    for (const privateKeyPassword of [undefined, "sesame street"]) {
      const error = await catchError(
        logIn({ ...sshd().connection(), privateKey: locked.privateKey, privateKeyPassword }),
      );
      assert.ok(error instanceof PrivateKeyUnusableError, error.message);
      assert.doesNotMatch(error.message, /sesame|BEGIN/);
    }
  });

  it("names the key that was refused, and does not try again", async () => {
    const before = sshd().countConnections();
    const error = await catchError(
      withEnvironment({ SSH_AUTH_SOCK: undefined }, () =>
        logIn({ ...sshd().connection(), privateKey: other.privateKey }),
      ),
    );
    assert.ok(error instanceof AuthenticationRefusedError, error.message);
    assert.ok(error.message.includes(describeText(other.publicKey)), error.message);
    assert.equal(sshd().countConnections() - before, 1);
  });

  it("says which ways the server takes when none of ours is among them", async () => {
    const connection = { ...sshd().connection(), privateKey: undefined, password: "hunter2" };
    const error = await catchError(withEnvironment({ SSH_AUTH_SOCK: undefined }, () => logIn(connection)));
    assert.ok(error instanceof AuthenticationRefusedError, error.message);
    assert.match(error.message, /it takes publickey/);
    assert.doesNotMatch(error.message, /hunter2/);
  });

  it("says so when there is nothing to log in with", async () => {
    const home = mkdtempSync(join(folder, "home-"));
    const error = await catchError(
      withEnvironment({ HOME: home, SSH_AUTH_SOCK: undefined }, () =>
        logIn({ ...sshd().connection(), privateKey: undefined }),
      ),
    );
    assert.ok(error instanceof NoCredentialsError, error.message);
  });

  it("finds ~/.ssh/id_ed25519 where no credential is given, and passes over a locked one", async () => {
    const home = mkdtempSync(join(folder, "home-"));
    mkdirSync(join(home, ".ssh"));
    const connection = { ...sshd().connection(), privateKey: undefined };
    await withEnvironment({ HOME: home, SSH_AUTH_SOCK: undefined }, async () => {
      writeFileSync(join(home, ".ssh/id_ed25519"), locked.privateKey);
      assert.ok((await catchError(logIn(connection))) instanceof NoCredentialsError);
      writeFileSync(join(home, ".ssh/id_rsa"), sshd().privateKey);
      assert.equal(await logIn(connection), "logged in");
    });
  });

  it("logs in with a key of each type that OpenSSH makes", async () => {
    for (const type of ["rsa", "ecdsa"] as const) {
      const { privateKey, publicKey } = makeKey(join(folder, `client_${type}`), type);
      const server = await startExtra({ authorizedKeys: [publicKey] });
      assert.equal(await logIn({ ...server.connection(), privateKey }), "logged in");
    }
  });

  it("logs in with a key that only an SSH agent holds, named as input or by SSH_AUTH_SOCK", async function () {
    skipBecause(this, findAgentObstacle());
    const agent = await startSshAgent(folder, [join(folder, "other"), sshd().privateKeyPath]);
    try {
      const connection = { ...sshd().connection(), privateKey: undefined };
      const given = { ...connection, agentSocketPath: agent.socketPath };
      assert.equal(await withEnvironment({ SSH_AUTH_SOCK: undefined }, () => logIn(given)), "logged in");
      assert.equal(
        await withEnvironment({ SSH_AUTH_SOCK: agent.socketPath }, () => logIn(connection)),
        "logged in",
      );
    } finally {
      await agent.stop();
    }
  });

  it("does not try again where the server ends the login after too many keys", async function () {
    skipBecause(this, findAgentObstacle());
    const server = await startExtra({ configLines: ["MaxAuthTries 1"] });
    const agent = await startSshAgent(folder, [join(folder, "other"), server.privateKeyPath]);
    try {
      const connection = { ...server.connection(), privateKey: undefined, agentSocketPath: agent.socketPath };
      const error = await catchError(logIn(connection));
      assert.ok(error instanceof AuthenticationRefusedError, error.message);
      assert.match(error.message, /the SSH agent at .*Too many authentication failures/);
      assert.equal(server.countConnections(), 1);
    } finally {
      await agent.stop();
    }
  });

  it("logs in to OpenSSH with a password, and names a wrong one without showing it", async function () {
    skipBecause(this, findUserObstacle());
    const user = makeSystemUser("password", "correct horse");
    try {
      const server = await startExtra({ configLines: ["PasswordAuthentication yes"] });
      const connection = { ...server.connection(), user: user.name, privateKey: undefined };
      assert.equal(await logIn({ ...connection, password: "correct horse" }), "logged in");
      const error = await catchError(logIn({ ...connection, password: "battery staple" }));
      assert.ok(error instanceof AuthenticationRefusedError, error.message);
      assert.match(error.message, /the password/);
      assert.doesNotMatch(error.message, /staple/);
      await server.stop();
    } finally {
      user.remove();
    }
  });
});
