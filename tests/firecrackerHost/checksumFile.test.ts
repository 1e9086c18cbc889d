import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catchError } from "../support/catchError";
import { skipBecause } from "../support/skipBecause";
import { findSshdObstacle, startSshd, type Sshd } from "../support/sshd";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { type FileServer, startFileServer } from "./fileServer";
import { engineFolder, findRootObstacle, install, removeInstalled } from "./firecrackerOnHost";
import { architecture, makeRelease, type Release, releaseMembers } from "./makeRelease";

/** A version whose sums nobody knows. */
const version = "9.9.9";
const path = `/v${version}/firecracker-v${version}-${architecture}.tgz`;

function findOpensslObstacle(): string | undefined {
  const folders = (process.env.PATH ?? "").split(":");
  return folders.some((name) => existsSync(join(name, "openssl"))) ? undefined : "openssl is not installed";
}

/** A key and a certificate for 127.0.0.1 that signs itself. */
function makeCertificate(folder: string): { key: string; cert: string; certPath: string } {
  const [keyPath, certPath] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"].concat(
      ["-days", "2", "-keyout", keyPath, "-out", certPath],
      subject,
    ),
    { stdio: "pipe" },
  );
  return { key: readFileSync(keyPath, "utf8"), cert: readFileSync(certPath, "utf8"), certPath };
}

describe("Firecracker of a version whose sum nobody knows", function () {
  this.timeout(60_000);
  let folder: TemporaryFolder;
  let server: FileServer;
  let sshd: Sshd;
  let release: Release;

  before(async function () {
    skipBecause(this, findSshdObstacle() ?? findRootObstacle() ?? findOpensslObstacle());
    folder = await temporaryFolder();
    const { key, cert, certPath } = makeCertificate(folder.path);
    server = await startFileServer({ key, cert });
    // The host trusts the server's certificate, as one does that has a mirror's authority among its own.
    sshd = await startSshd({ configLines: [`SetEnv SHLVL=1 SSL_CERT_FILE=${certPath}`] });
  });
  after(async () => {
    await server.stop();
    await sshd.stop();
    await folder.remove();
  });
  beforeEach(() => {
    release = makeRelease(folder.path, releaseMembers({ version }));
    server.answers.clear();
    server.answers.set(path, release.content);
    server.answers.set(`${path}.sha256.txt`, `${release.sha256}  firecracker-v${version}.tgz\n`);
  });
  afterEach(removeInstalled);

  const inputs = () => ({ version, source: { mirror: server.url } });

  it("is compared with the sum beside it, and a finding says what that proves", async () => {
    const installed = await install(sshd.connection(), inputs());
    const finding = installed.state.findings.find(({ name }) => name === "checksum");
    assert.equal(finding?.level, "warning");
    assert.match(finding.message, /it is whole, but whoever could put another archive there/);
    assert.ok(finding.hint?.includes(release.sha256));
    const seen = await installed.read();
    assert.ok(seen.findings.some(({ name }) => name === "checksum"));
  });

  it("has no such finding when the sum is given", async () => {
    const source = { mirror: server.url, sha256: release.sha256 };
    const { state } = await install(sshd.connection(), { version, source });
    assert.ok(!state.findings.some(({ name }) => name === "checksum"));
  });

  it("is refused with another sum beside it", async () => {
    server.answers.set(`${path}.sha256.txt`, `${"1".repeat(64)}  x\n`);
    const { message } = await catchError(install(sshd.connection(), inputs()));
    assert.match(message, /and 1{64} was expected/);
  });

  it("is refused without a sum beside it", async () => {
    server.answers.set(`${path}.sha256.txt`, "<html>");
    const { message } = await catchError(install(sshd.connection(), inputs()));
    assert.match(message, /\.sha256\.txt holds no SHA-256 sum\. Set `source\.sha256`/);
  });

  it("is refused where a redirect leads from https to http", async () => {
    const plain = await startFileServer();
    try {
      plain.answers.set("/fc.tgz", release.content);
      server.answers.set(path, (_request, response) => {
        response.writeHead(302, { Location: `${plain.url}/fc.tgz` }).end();
      });
      const { message } = await catchError(install(sshd.connection(), inputs()));
      assert.match(message, /redirects to http:.*, which is not https/);
      assert.deepEqual(plain.asked, []);
    } finally {
      await plain.stop();
    }
  });

  it("is refused from a server whose certificate the host does not trust", async () => {
    const stranger = await startSshd();
    try {
      const { message } = await catchError(install(stranger.connection(), inputs()));
      assert.match(message, /certificate verify failed/i);
      assert.ok(!existsSync(engineFolder({ archive: release.sha256 }, version)));
    } finally {
      await stranger.stop();
    }
  });
});
