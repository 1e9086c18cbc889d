import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultVersion } from "../../provider/firecrackerHost/releases";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { IncompleteError } from "../../provider/errors/incompleteError";
import { runHostProgramWithFiles } from "../../provider/hostProgram/runHostProgramWithFiles";
import { withHost } from "../../provider/ssh/hostPool";
import { catchError } from "../support/catchError";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";
import { findImage } from "../support/vm/findImage";
import { skipBecause } from "../support/skipBecause";
import { waitUntil } from "../support/waitUntil";
import { resetPeak, watchPeak } from "../support/watchPeak";
import {
  adopt,
  engineFolder,
  findRootObstacle,
  install,
  kernelFolder,
  removeInstalled,
} from "./firecrackerOnHost";
import { writeDoublePrograms } from "./doublePrograms";
import { architecture, elfHead, makeRelease, sayVersion } from "./makeRelease";

const ownMachine = architecture === "x86_64" ? 62 : 183;
const mib = 1024 * 1024;

function hash(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("Firecracker that is uploaded", function () {
  this.timeout(120_000);
  const { main } = useSshd();
  let folder: TemporaryFolder;
  let firecracker: string;
  let jailer: string;

  before(function () {
    skipBecause(this, findRootObstacle());
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
    firecracker = join(folder.path, "firecracker");
    jailer = join(folder.path, "jailer");
    writeFileSync(firecracker, sayVersion("Firecracker"), { mode: 0o600 });
    writeFileSync(jailer, sayVersion("Jailer"));
  });
  afterEach(async () => {
    await removeInstalled();
    await folder.remove();
  });

  const programs = () => ({ source: { firecracker, jailer } });
  const place = () => engineFolder({ firecracker: hash(firecracker), jailer: hash(jailer) });

  /** A kernel by its first bytes only, of some size. */
  function makeKernel(size: number): string {
    const path = join(folder.path, "vmlinux");
    writeFileSync(path, elfHead(ownMachine, 4096));
    for (let left = size - 4096; left > 0; left -= mib) {
      appendFileSync(path, randomFillSync(Buffer.alloc(Math.min(left, mib))));
    }
    return path;
  }

  it("may be two programs", async () => {
    const { state } = await install(main().connection(), programs());
    assert.deepEqual(
      [state.status, state.firecrackerPath, state.jailerPath, state.firecrackerVersion],
      ["ready", `${place()}/firecracker`, `${place()}/jailer`, defaultVersion],
    );
    assert.equal(hash(state.firecrackerPath), hash(firecracker));
    assert.equal(statSync(state.firecrackerPath).mode & 0o7777, 0o755);
  });

  it("may be a release's archive", async () => {
    const { path, sha256 } = makeRelease(folder.path);
    const { state } = await install(main().connection(), { source: { file: path, sha256 } });
    assert.equal(state.firecrackerPath, `${engineFolder({ archive: sha256 })}/firecracker`);
  });

  it("may be the double that other tests boot their VMs with", async () => {
    const { state } = await install(main().connection(), { source: writeDoublePrograms(folder.path) });
    assert.deepEqual([state.status, state.firecrackerVersion], ["ready", defaultVersion]);
  });

  it("may be one program, without a jailer", async () => {
    const { state } = await install(main().connection(), { source: { firecracker }, jailer: false });
    assert.deepEqual([state.status, state.jailerPath], ["ready", undefined]);
  });

  it("needs the local files only where the host has not got it", async () => {
    const localSha256 = { firecracker: hash(firecracker), jailer: hash(jailer) };
    const installed = await install(main().connection(), { ...programs(), localSha256 });
    rmSync(firecracker);
    const { status } = await installed.update({ requireKvm: false, kernel: undefined });
    assert.equal(status, "ready");
    rmSync(installed.state.firecrackerPath);
    const { message } = await catchError(installed.read().then(() => installed.update()));
    assert.match(
      message,
      /^Could not use the local file .*\/firecracker: ENOENT.*Correct `source\.firecracker`/,
    );
  });

  it("is refused before anything is sent when the local file has another sum", async () => {
    const { path } = makeRelease(folder.path);
    const source = { file: path, sha256: "0".repeat(64) };
    const { message } = await catchError(install(main().connection(), { source }));
    assert.match(
      message,
      /Could not use the local file .*: its SHA-256 sum is [0-9a-f]{64}, and 0{64} was expected/,
    );
  });

  it("is refused when the file has changed since the program looked at it", async () => {
    const localSha256 = { firecracker: "1".repeat(64), jailer: hash(jailer) };
    const { message } = await catchError(install(main().connection(), { ...programs(), localSha256 }));
    assert.match(message, /firecracker has the SHA-256 sum [0-9a-f]{64}, and 1{64} was expected/);
    assert.ok(!existsSync(engineFolder(localSha256)));
  });

  it("sends a kernel of 50 MiB without holding it in memory", async () => {
    const kernel = makeKernel(50 * mib);
    await install(main().connection(), programs());
    const before = resetPeak(process.pid);
    const watch = watchPeak([process.pid]);
    const { state } = await install(main().connection(), { ...programs(), kernel: { file: kernel } });
    const growth = watch.stop() - before;
    assert.equal(state.kernelSha256, hash(kernel));
    assert.equal(hash(state.kernelPath ?? ""), state.kernelSha256);
    assert.ok(growth < 40, `the provider grew by ${growth.toFixed(1)} MiB`);
  });

  it("is mended by the next update when host and connection fail in the middle, and leaves nothing then", async () => {
    const kernel = makeKernel(64 * mib);
    const sshd = main();
    const inputs = { ...programs(), kernel: { file: kernel } };
    const creating = catchError(install(sshd.connection(), inputs));
    const part = join(kernelFolder(hash(kernel)), "vmlinux.part");
    await waitUntil("the kernel is on its way", () => existsSync(part) && statSync(part).size > mib);
    // It ends the program on the host too, or that one sees the end of its input before: both have to come out right.
    sshd.dropConnections();
    const error = await creating;
    assert.ok(error instanceof IncompleteError, error.message);
    const adopted = adopt(error.id, error.properties);
    assert.ok(await adopted.wantsUpdate());
    assert.equal((await adopted.update()).status, "ready");
    await adopted.remove();
    assert.deepEqual([existsSync(place()), existsSync(kernelFolder(hash(kernel)))], [false, false]);
  });

  it("is swept away by a destroy after a creation that was killed in the middle", async () => {
    const kernel = makeKernel(64 * mib);
    const sshd = main();
    const creating = catchError(install(sshd.connection(), { ...programs(), kernel: { file: kernel } }));
    const part = join(kernelFolder(hash(kernel)), "vmlinux.part");
    await waitUntil("the kernel is on its way", () => existsSync(part) && statSync(part).size > mib);
    sshd.dropConnections();
    const error = await creating;
    assert.ok(error instanceof IncompleteError, error.message);
    await adopt(error.id, error.properties).remove();
    assert.deepEqual([existsSync(place()), existsSync(kernelFolder(hash(kernel)))], [false, false]);
  });

  it("leaves nothing on the host when the upload breaks off", async () => {
    const sha256 = hash(firecracker);
    const installing = withHost(connectionSchema.parse(main().connection()), (host) =>
      runHostProgramWithFiles(
        host,
        {
          what: "Could not install Firecracker",
          op: "firecracker.install",
          args: {
            owner: "test",
            instanceId: "fc-0000000000000001",
            isNew: true,
            requireKvm: false,
            engine: { version: defaultVersion, files: { firecracker: sha256 } },
            uploads: [{ name: "firecracker", size: statSync(firecracker).size + 7 }],
          },
          timeoutMs: 30_000,
        },
        [firecracker],
      ),
    );
    assert.match((await catchError(installing)).message, /the upload broke off, 7 bytes are missing/);
    assert.ok(!existsSync(engineFolder({ firecracker: sha256 })));
  });

  it("takes a kernel that is an ELF file, and refuses the bzImage of the same", async function () {
    const image = await findImage();
    if ("obstacle" in image) {
      skipBecause(this, image.obstacle);
      return;
    }
    const { state } = await install(main().connection(), { ...programs(), kernel: { file: image.vmlinux } });
    assert.deepEqual([state.status, statSync(state.kernelPath ?? "").mode & 0o7777], ["ready", 0o644]);
    const { message } = await catchError(
      install(main().connection(), { ...programs(), kernel: { file: image.kernel } }),
    );
    assert.match(
      message,
      /the kernel is a bzImage .*boots an uncompressed ELF file on x86_64.*scripts\/extract-vmlinux/,
    );
    assert.ok(!existsSync(kernelFolder(hash(image.kernel))));
  });

  it("gives up all of a creation whose kernel is of no use", async () => {
    const kernel = join(folder.path, "vmlinux");
    writeFileSync(kernel, elfHead(architecture === "x86_64" ? 183 : 62));
    const { message } = await catchError(
      install(main().connection(), { ...programs(), kernel: { file: kernel } }),
    );
    assert.match(message, /the kernel is an ELF file for/);
    assert.deepEqual([existsSync(place()), existsSync(kernelFolder(hash(kernel)))], [false, false]);
  });
});
