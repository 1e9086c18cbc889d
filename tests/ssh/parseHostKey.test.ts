import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeKey, fingerprint } from "../../provider/ssh/hostKey";
import { parseHostKey } from "../../provider/ssh/parseHostKey";
import { makeKey } from "../support/sshd";

describe("parseHostKey", () => {
  let folder = "";
  let publicKey = "";
  let base64 = "";
  let listed = "";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fc-hostkey-"));
    const path = join(folder, "key");
    publicKey = makeKey(path, "rsa").publicKey;
    base64 = publicKey.split(" ")[1] ?? "";
    listed = execFileSync("ssh-keygen", ["-l", "-f", `${path}.pub`], { encoding: "utf8" }).trim();
    writeFileSync(join(folder, "list"), listed);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("reads the authorized_keys form, bare base64 and the form of ssh-keyscan as the same key", () => {
    for (const text of [
      publicKey,
      base64,
      `host.example.com ${publicKey}`,
      `# comment\n\n${publicKey}\r\n`,
    ]) {
      const parsed = parseHostKey(text);
      assert.deepEqual(parsed?.blobs.map(String), [Buffer.from(base64, "base64").toString()]);
      assert.deepEqual(parsed.fingerprints, []);
    }
  });

  it("reads a fingerprint, alone or as ssh-keygen -l prints it, and computes the same", () => {
    const [, sha256 = ""] = listed.split(" ");
    assert.deepEqual(parseHostKey(sha256), { blobs: [], fingerprints: [sha256] });
    assert.deepEqual(parseHostKey(listed), { blobs: [], fingerprints: [sha256] });
    assert.equal(fingerprint(Buffer.from(base64, "base64")), sha256);
    assert.equal(describeKey(Buffer.from(base64, "base64")), `ssh-rsa ${sha256}`);
  });

  it("reads several keys from several lines", () => {
    assert.equal(parseHostKey(`${publicKey}\n${listed}`)?.blobs.length, 1);
    assert.equal(parseHostKey(`${publicKey}\n${listed}`)?.fingerprints.length, 1);
  });

  it("refuses what is no key: other text, a cut-off key, a type that contradicts the key, an MD5 fingerprint", () => {
    for (const text of [
      "",
      "ssh-ed25519",
      "hello",
      `ssh-ed25519 ${base64}`,
      "ssh-ed25519 AAAA",
      "SHA256:short",
      "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
      `${publicKey}\nhello`,
    ]) {
      assert.equal(parseHostKey(text), undefined, text);
    }
  });
});
