import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { removeFirecracker } from "../../provider/firecrackerHost/firecrackerWork";
import { withHost } from "../../provider/ssh/hostPool";
import { catchError } from "../support/catchError";
import { skipBecause } from "../support/skipBecause";
import { findUserObstacle, makeSystemUser } from "../support/systemUser";
import { startSshd } from "../support/sshd";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { useSshd } from "../support/useSshd";
import { type FileServer, startFileServer } from "./fileServer";
import { findRootObstacle, install, listBeside, listFoldersOf, removeInstalled } from "./firecrackerOnHost";
import { architecture, elfHead, makeRelease, releaseMembers, sayVersion } from "./makeRelease";

describe("Firecracker on a host", function () {
  this.timeout(60_000);
  const { main } = useSshd();
  let folder: TemporaryFolder;
  let server: FileServer;
  let source: { url: string; sha256: string };

  before(function () {
    skipBecause(this, findRootObstacle());
  });
  beforeEach(async () => {
    folder = await temporaryFolder();
    server = await startFileServer();
    const release = makeRelease(folder.path);
    server.answers.set("/fc.tgz", release.content);
    source = { url: `${server.url}/fc.tgz`, sha256: release.sha256 };
  });
  afterEach(async () => {
    await removeInstalled();
    await server.stop();
    await folder.remove();
  });

  it("is shared by two stacks, and goes with the second one", async () => {
    const first = await install(main().connection(), { source });
    const second = await install(main().connection(), { source });
    assert.equal(first.state.firecrackerPath, second.state.firecrackerPath);
    assert.deepEqual(server.asked, ["/fc.tgz"]);
    await first.remove();
    assert.equal((await second.read()).status, "ready");
    await second.remove();
    assert.ok(!existsSync(dirname(second.state.firecrackerPath)));
  });

  it("is downloaded once by two stacks that want it at the same time", async () => {
    const both = await Promise.all([1, 2].map(() => install(main().connection(), { source })));
    assert.deepEqual(
      both.map(({ state }) => state.status),
      ["ready", "ready"],
    );
    assert.deepEqual(server.asked, ["/fc.tgz"]);
  });

  it("leaves nothing when it is removed, and can be removed twice", async () => {
    const kernel = join(folder.path, "vmlinux");
    writeFileSync(kernel, elfHead(architecture === "x86_64" ? 62 : 183, 8192));
    const installed = await install(main().connection(), { source, kernel: { file: kernel } });
    const { id, state } = installed;
    assert.equal(listFoldersOf(id).length, 2);
    await installed.remove();
    await installed.remove();
    assert.deepEqual(listFoldersOf(id), []);
    assert.deepEqual(
      [existsSync(dirname(state.firecrackerPath)), existsSync(dirname(state.kernelPath ?? ""))],
      [false, false],
    );
  });

  it("is left in place by the removal of a stack that never had it", async () => {
    const installed = await install(main().connection(), { source });
    await withHost(connectionSchema.parse(main().connection()), (host) =>
      removeFirecracker(host, "fc-0000000000000000"),
    );
    assert.equal((await installed.read()).status, "ready");
  });

  it("warns of processes that run from it when it is removed, and they go on", async () => {
    const program = releaseMembers().map((member) =>
      member.name.includes("/firecracker-")
        ? {
            name: member.name,
            text: `${sayVersion("Firecracker")}[ "$1" = --version ] || read -r line\n`,
          }
        : member,
    );
    const release = makeRelease(folder.path, program);
    server.answers.set("/running.tgz", release.content);
    const { id, state } = await install(main().connection(), {
      source: { url: `${server.url}/running.tgz`, sha256: release.sha256 },
    });
    const child = spawn(state.firecrackerPath, ["--id", "vm"], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await once(child.stdout, "data");
      const warnings = await withHost(connectionSchema.parse(main().connection()), (host) =>
        removeFirecracker(host, id),
      );
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", new RegExp(`while 1 of its processes run \\(pid ${child.pid ?? 0}\\)`));
      assert.equal(child.exitCode, null);
    } finally {
      child.stdin.end("end\n");
      await once(child, "exit");
    }
  });

  const damages: [string, (path: string) => void][] = [
    [
      "is another one",
      (path) => {
        writeFileSync(path, sayVersion("Firecracker", "6.6.6"));
      },
    ],
    [
      "is gone",
      (path) => {
        rmSync(path);
      },
    ],
    [
      "may be written by everybody",
      (path) => {
        chmodSync(path, 0o777);
      },
    ],
  ];
  for (const [what, damage] of damages) {
    it(`is seen to be damaged when a file ${what}, and is mended by the next update`, async () => {
      const installed = await install(main().connection(), { source });
      const path = installed.state.firecrackerPath;
      const before = readFileSync(path, "utf8");
      damage(path);
      assert.equal((await installed.read()).status, "damaged");
      assert.ok(await installed.wantsUpdate());
      assert.equal((await installed.update()).status, "ready");
      assert.equal(readFileSync(path, "utf8"), before);
      assert.ok(!(await installed.wantsUpdate()));
    });
  }

  it("is not damaged by another time of change", async () => {
    const installed = await install(main().connection(), { source });
    writeFileSync(installed.state.firecrackerPath, readFileSync(installed.state.firecrackerPath));
    assert.equal((await installed.read()).status, "ready");
  });

  it("is seen to be absent when all of it is gone, keeps its paths, and comes back", async () => {
    const installed = await install(main().connection(), { source });
    const { firecrackerPath } = installed.state;
    rmSync(dirname(firecrackerPath), { recursive: true });
    const seen = await installed.read();
    assert.deepEqual([seen.status, seen.firecrackerPath], ["absent", firecrackerPath]);
    assert.equal((await installed.update()).status, "ready");
    assert.ok(existsSync(firecrackerPath));
  });

  it("takes away what a killed run has left", async () => {
    const installed = await install(main().connection(), { source });
    const { firecrackerPath } = installed.state;
    writeFileSync(join(dirname(firecrackerPath), "archive.part"), "half");
    await installed.update({ requireKvm: false, jailer: false });
    assert.deepEqual(listBeside(firecrackerPath), ["firecracker", "jailer", "record.json"]);
  });

  it("is replaced by another version, whose predecessor goes", async () => {
    const installed = await install(main().connection(), { source });
    const old = installed.state.firecrackerPath;
    const next = makeRelease(folder.path, releaseMembers({ version: "2.0.0" }));
    server.answers.set("/next.tgz", next.content);
    const state = await installed.update({
      version: "2.0.0",
      source: { url: `${server.url}/next.tgz`, sha256: next.sha256 },
    });
    assert.deepEqual([state.firecrackerVersion, existsSync(dirname(old))], ["2.0.0", false]);
    assert.ok(existsSync(state.firecrackerPath));
  });

  it("stays as it is when the update to another version fails", async () => {
    const installed = await install(main().connection(), { source });
    const missing = { url: `${server.url}/none.tgz`, sha256: "2".repeat(64) };
    await catchError(installed.update({ source: missing }));
    await installed.update({ source });
    assert.equal((await installed.read()).status, "ready");
    assert.deepEqual(server.asked, ["/fc.tgz", "/none.tgz"]);
  });

  it("is not installed on a host whose KVM cannot be used, unless that is said to be all right", async function () {
    skipBecause(this, findUserObstacle());
    // Whether there is a /dev/kvm or not: an ordinary user may not open it.
    const user = makeSystemUser("kvm");
    const sshd = await startSshd();
    try {
      const connection = { ...sshd.connection(), user: user.name };
      const { message } = await catchError(install(connection, { source, requireKvm: true }));
      assert.match(message, /\/dev\/kvm.* To install nevertheless, set `requireKvm: false`/);
      assert.deepEqual(server.asked, []);
    } finally {
      await sshd.stop();
      user.remove();
    }
  });
});
