import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { arch } from "node:os";
import { join } from "node:path";

const projectFolder = join(__dirname, "..", "..");
const load = () => import("../../scripts/setup/downloadPulumi.mjs");

describe("downloadPulumi", () => {
  const archiveName = `pulumi-v9.8.7-linux-${arch()}.tar.gz`;
  let folder: string;
  let server: Server;
  let releases: string;
  let published: Record<string, Buffer | string>;

  beforeEach(async () => {
    mkdirSync(join(projectFolder, ".tools"), { recursive: true });
    // Beside the real one: the set-up renames, which stays within one file system.
    folder = mkdtempSync(join(projectFolder, ".tools", "test-download-"));
    mkdirSync(join(folder, "pulumi"));
    writeFileSync(join(folder, "pulumi", "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
    const archive = execFileSync("tar", ["-czf", "-", "-C", folder, "pulumi"]);
    const digest = createHash("sha256").update(archive).digest("hex");
    published = {
      [`/${archiveName}`]: archive,
      "/pulumi-9.8.7-checksums.txt": `${"0".repeat(64)}  another.tar.gz\n${digest}  ${archiveName}\n`,
    };
    server = createServer((request, response) => {
      const body = published[request.url ?? ""];
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    releases = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it("puts the programs of the release into the folder, in place of older ones", async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "old"), "");
    const { downloadPulumi } = await load();
    await downloadPulumi("9.8.7", bin, releases);
    assert.deepEqual(readdirSync(bin), ["pulumi"]);
    assert.equal(readFileSync(join(bin, "pulumi"), "utf8"), "#!/bin/sh\n");
  });

  it("installs nothing when the archive has another checksum than the published one", async () => {
    published[`/${archiveName}`] = "forged";
    const { downloadPulumi } = await load();
    await assert.rejects(
      downloadPulumi("9.8.7", join(folder, "bin"), releases),
      /the SHA-256 [0-9a-f]{64} instead of/,
    );
    assert.ok(!existsSync(join(folder, "bin")));
  });

  it("installs nothing when the published checksums leave the archive out", async () => {
    published["/pulumi-9.8.7-checksums.txt"] = "";
    const { downloadPulumi } = await load();
    await assert.rejects(downloadPulumi("9.8.7", join(folder, "bin"), releases), /do not list/);
    assert.ok(!existsSync(join(folder, "bin")));
  });

  it("fails when the vendor has no such release", async () => {
    published = {};
    const { downloadPulumi } = await load();
    await assert.rejects(downloadPulumi("9.8.7", join(folder, "bin"), releases), /has no pulumi-v9\.8\.7/);
  });
});
