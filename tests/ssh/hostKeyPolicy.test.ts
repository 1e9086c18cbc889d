import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HostKeyMismatchError } from "../../provider/errors/hostKeyMismatchError";
import { HostKeyRevokedError } from "../../provider/errors/hostKeyRevokedError";
import { HostKeyUnknownError } from "../../provider/errors/hostKeyUnknownError";
import { KnownHostsUnreadableError } from "../../provider/errors/knownHostsUnreadableError";
import { describeKey } from "../../provider/ssh/hostKey";
import { catchError } from "../support/catchError";
import { logIn } from "../support/logIn";
import { makeKey } from "../support/sshd";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";
import { withEnvironment } from "../support/withEnvironment";

function describeText(key: string): string {
  return describeKey(Buffer.from(key.split(" ")[1] ?? "", "base64"));
}

describe("host keys, against OpenSSH", () => {
  const { main: sshd } = useSshd({ hostKeyTypes: ["ed25519", "ecdsa", "rsa"] });
  let temporary: TemporaryFolder | undefined;
  let folder = "";
  let other = { privateKey: "", publicKey: "" };

  before(async () => {
    temporary = await temporaryFolder();
    folder = temporary.path;
    other = makeKey(join(folder, "other"));
  });
  after(() => temporary?.remove());

  const withoutKey = (): Record<string, unknown> => ({ ...sshd().connection(), hostKey: undefined });
  let files = 0;
  const knownHosts = (text: string): string => {
    const path = join(folder, `known_hosts_${(files += 1)}`);
    writeFileSync(path, text);
    return path;
  };
  const where = (): string => `[127.0.0.1]:${sshd().port}`;

  it("accepts each of the host's keys as hostKey, whichever type the host would offer first", async () => {
    for (const hostKey of sshd().hostKeys) {
      assert.equal(await logIn({ ...sshd().connection(), hostKey }), "logged in");
    }
  });

  it("accepts the fingerprint of each of the host's keys", async () => {
    for (const hostKey of sshd().hostKeys) {
      const fingerprint = describeText(hostKey).split(" ")[1];
      assert.equal(await logIn({ ...sshd().connection(), hostKey: fingerprint }), "logged in");
    }
  });

  it("refuses another key and shows both fingerprints and what to do", async () => {
    for (const hostKey of [other.publicKey, describeText(other.publicKey).split(" ")[1] ?? ""]) {
      const error = await catchError(logIn({ ...sshd().connection(), hostKey }));
      assert.ok(error instanceof HostKeyMismatchError, error.message);
      assert.ok(error.message.includes(describeText(sshd().hostKey)), error.message);
      assert.ok(error.message.includes(describeText(other.publicKey).split(" ")[1] ?? "-"), error.message);
      assert.match(error.message, /correct `connection\.hostKey`/);
    }
  });

  it("negotiates the key type that known_hosts has, for each type", async () => {
    for (const hostKey of sshd().hostKeys) {
      const path = knownHosts(`${where()} ${hostKey}\n`);
      assert.equal(await logIn({ ...withoutKey(), knownHosts: path }), "logged in");
    }
  });

  it("refuses a key that differs from the one in known_hosts, of the same type or of another", async () => {
    const rsa = makeKey(join(folder, `rsa_${(files += 1)}`), "rsa");
    for (const key of [other.publicKey, rsa.publicKey]) {
      const path = knownHosts(`${where()} ${key}\n`);
      const error = await catchError(logIn({ ...withoutKey(), knownHosts: path }));
      assert.ok(error instanceof HostKeyMismatchError, error.message);
      assert.ok(error.message.includes(describeText(key)) && error.message.includes(path), error.message);
    }
  });

  it("refuses a host that is not in known_hosts and offers the line that would accept it", async () => {
    const path = knownHosts(`@cert-authority * ${other.publicKey}\nelsewhere ${sshd().hostKey}\n`);
    const error = await catchError(logIn({ ...withoutKey(), knownHosts: path }));
    assert.ok(error instanceof HostKeyUnknownError, error.message);
    assert.ok(error.message.includes(`set \`connection.hostKey\` to "${sshd().hostKey}"`), error.message);
    assert.match(error.message, /@cert-authority entry is not used/);
  });

  it("refuses a revoked key, even where another line accepts it", async () => {
    const path = knownHosts(`${where()} ${sshd().hostKey}\n@revoked * ${sshd().hostKey}\n`);
    const error = await catchError(logIn({ ...withoutKey(), knownHosts: path }));
    assert.ok(error instanceof HostKeyRevokedError, error.message);
  });

  it("reads ~/.ssh/known_hosts by default, and takes its absence for an empty one", async () => {
    const home = mkdtempSync(join(folder, "home-"));
    await withEnvironment({ HOME: home }, async () => {
      assert.ok((await catchError(logIn(withoutKey()))) instanceof HostKeyUnknownError);
      mkdirSync(join(home, ".ssh"));
      appendFileSync(join(home, ".ssh/known_hosts"), `${sshd().knownHostsLine}\n`);
      assert.equal(await logIn(withoutKey()), "logged in");
    });
  });

  it("says so when the known_hosts file that was asked for is missing", async () => {
    const error = await catchError(logIn({ ...withoutKey(), knownHosts: join(folder, "none") }));
    assert.ok(error instanceof KnownHostsUnreadableError, error.message);
  });

  it("accepts any key only with the named opt-out", async () => {
    assert.equal(await logIn({ ...withoutKey(), insecureIgnoreHostKey: true }), "logged in");
  });
});
