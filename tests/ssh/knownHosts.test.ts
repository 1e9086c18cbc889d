import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findKnownHostKeys, parseKnownHosts } from "../../provider/ssh/knownHosts";
import { makeKey } from "../support/sshd";

describe("known_hosts", () => {
  let folder = "";
  const keys: Record<string, string> = {};

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fc-known-"));
    for (const name of ["a", "b"]) {
      keys[name] = makeKey(join(folder, name)).publicKey.split(" ").slice(0, 2).join(" ");
    }
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function find(text: string, host: string, port = 22) {
    const named = (blobs: readonly Buffer[]): string[] =>
      blobs.map(
        (blob) => Object.keys(keys).find((name) => keys[name]?.endsWith(blob.toString("base64"))) ?? "?",
      );
    const found = findKnownHostKeys(
      parseKnownHosts(text.replaceAll(/\b([AB])$/gm, (_, name: string) => keys[name.toLowerCase()] ?? "")),
      host,
      port,
    );
    return { ...found, accepted: named(found.accepted), revoked: named(found.revoked) };
  }

  const accepts = (accepted: string[]) => ({ accepted, revoked: [], hasCertAuthority: false });

  it("finds plain names, whatever their case, among several of one line", () => {
    assert.deepEqual(find("one,fc.Example.com,10.0.0.1 A\nother B", "FC.example.com"), accepts(["a"]));
    assert.deepEqual(find("one,fc.example.com A", "example.com"), accepts([]));
  });

  it("finds several keys of one host", () => {
    assert.deepEqual(find("fc A\nfc B", "fc"), accepts(["a", "b"]));
  });

  it("looks for [host]:port on another port, and for the bare name only where there is none", () => {
    assert.deepEqual(find("[fc]:2222 A\nfc B", "fc", 2222), accepts(["a"]));
    assert.deepEqual(find("[fc]:2222 A\nfc B", "fc", 22), accepts(["b"]));
    assert.deepEqual(find("fc B", "fc", 2222), accepts(["b"]));
    assert.deepEqual(find("[fc]:2222 A", "fc", 2223), accepts([]));
  });

  it("follows wildcards, and negated patterns take a whole line out", () => {
    assert.deepEqual(find("*.example.com A", "fc.example.com"), accepts(["a"]));
    assert.deepEqual(find("fc?.example.com A", "fc1.example.com"), accepts(["a"]));
    assert.deepEqual(find("fc?.example.com A", "fc.example.com"), accepts([]));
    assert.deepEqual(find("*.example.com,!fc.example.com A", "fc.example.com"), accepts([]));
    assert.deepEqual(find("!fc.example.com A", "other.example.com"), accepts([]));
    assert.deepEqual(find("[*.example.com]:2222 A", "fc.example.com", 2222), accepts(["a"]));
    assert.deepEqual(find("f.x A", "fax"), accepts([]));
  });

  it("finds the names that ssh-keygen -H has hashed", () => {
    const path = join(folder, "hashed");
    writeFileSync(path, `fc.example.com ${keys["a"] ?? ""}\n[fc.example.com]:2222 ${keys["b"] ?? ""}\n`);
    execFileSync("ssh-keygen", ["-H", "-f", path], { stdio: "ignore" });
    const text = readFileSync(path, "utf8");
    assert.match(text, /^\|1\|/m);
    assert.doesNotMatch(text, /example/);
    assert.deepEqual(find(text, "fc.example.com"), accepts(["a"]));
    assert.deepEqual(find(text, "fc.example.com", 2222), accepts(["b"]));
    assert.deepEqual(find(text, "other.example.com"), accepts([]));
  });

  it("tells revoked keys and certificate authorities apart from accepted keys", () => {
    assert.deepEqual(find("fc A\n@revoked * A\n@cert-authority *.x,fc B", "fc"), {
      accepted: ["a"],
      revoked: ["a"],
      hasCertAuthority: true,
    });
  });

  it("passes over comments, blank and broken lines, unknown markers and keys of another type than stated", () => {
    const other = (keys["b"] ?? "").replace("ssh-ed25519", "ssh-rsa");
    const text = `# fc A\n\nfc\nfc ssh-ed25519\nfc ssh-ed25519 !!!\n@other fc B\nfc ${other}\n|1|x fc A\n  fc A\r\n`;
    assert.deepEqual(
      find(text.replace("fc A\r\n", `fc ${keys["a"] ?? ""} comment\r\n`), "fc"),
      accepts(["a"]),
    );
  });

  it("agrees with ssh-keygen -F about who is in a file", () => {
    const path = join(folder, "compare");
    const key = keys["a"] ?? "";
    writeFileSync(path, [`a.b,*.c.d,!x.c.d ${key}`, `[e]:2222 ${key}`, `h?t ${key}`].join("\n"));
    const entries = parseKnownHosts(readFileSync(path, "utf8"));
    for (const name of ["a.b", "y.c.d", "x.c.d", "c.d", "[e]:2222", "e", "hat", "haat"]) {
      let isKnown = true;
      try {
        execFileSync("ssh-keygen", ["-F", name, "-f", path], { stdio: "ignore" });
      } catch {
        isKnown = false;
      }
      const [, host = name, port = "22"] = /^\[(.*)\]:(\d+)$/.exec(name) ?? [];
      assert.equal(findKnownHostKeys(entries, host, Number(port)).accepted.length > 0, isKnown, name);
    }
  });
});
