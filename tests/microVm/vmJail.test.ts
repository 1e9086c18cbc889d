import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, lstatSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { defaultJailUser } from "../../provider/microVm/vmDefaults";
import { catchError } from "../support/catchError";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder } from "../support/temporaryFolder";
import { isAlive } from "./testedVm";
import { greeting, VmHost } from "./vmHost";

const jailFolder = "/var/lib/fc-agents/jail/firecracker";

describe("A MicroVm in a jail", function () {
  this.timeout(240_000);
  let host: VmHost;

  before(async function () {
    host = await VmHost.open(this);
    const { jailer } = host.programs;
    skipBecause(this, jailer === undefined ? "there is no jailer" : undefined);
  });
  afterEach(() => host.removeVms());
  after(() => (host as VmHost | undefined)?.close());

  it("is in one where the host has a jailer and nothing is said", async () => {
    const image = join(host.folder.path, "data.img");
    writeFileSync(image, Buffer.alloc(1024 ** 2, "data"));
    const vm = await host.create({
      jailer: undefined,
      netns: host.namespace.name,
      networkInterfaces: [{ ifaceId: "eth0", hostDevName: host.namespace.tapDevice }],
      drives: [
        { driveId: "data", pathOnHost: image },
        { driveId: "fixed", pathOnHost: image, isReadOnly: true },
      ],
      vsock: { guestCid: 3 },
    });
    const { workingRoot = "", pid, vmId, apiSocket } = vm.outputs;
    assert.equal(workingRoot, join(jailFolder, vmId, "root"));
    assert.equal(apiSocket, join(workingRoot, "api.sock"));
    assert.match(vm.readSerial(), new RegExp(greeting));
    const ownerOf = (name: string): unknown[] => {
      const { uid, gid, mode } = lstatSync(join(workingRoot, name));
      return [uid, gid, mode & 0o777];
    };
    assert.deepEqual(ownerOf("."), [defaultJailUser, defaultJailUser, 0o700]);
    assert.deepEqual(ownerOf("drives/data"), [defaultJailUser, defaultJailUser, 0o600]);
    // It may be read, as everybody may, and not be written to; nor can another file be put in its place.
    assert.deepEqual(ownerOf("drives/fixed"), [0, 0, 0o644]);
    assert.deepEqual(ownerOf("drives"), [0, defaultJailUser, 0o750]);
    await vm.remove();
    assert.ok(!isAlive(pid) && !existsSync(join(jailFolder, vmId)) && !existsSync(vm.folder));
  });

  it("gets copies of files that the jailed user must not read, or could write to", async () => {
    const secret = join(host.folder.path, "secret.img");
    writeFileSync(secret, Buffer.alloc(1024 ** 2, "secret"), { mode: 0o600 });
    const vm = await host.create({
      jailer: { uid: 60_701, gid: 60_702 },
      waitForSerial: undefined,
      drives: [{ driveId: "secret", pathOnHost: secret, isReadOnly: true }],
    });
    const copy = lstatSync(join(vm.outputs.workingRoot ?? "", "drives", "secret"));
    assert.deepEqual([copy.uid, copy.gid, copy.mode & 0o777, copy.nlink], [0, 60_702, 0o440, 1]);
    assert.equal(lstatSync(secret).uid, 0);
  });

  it("is stopped and started again with its drives", async () => {
    const image = join(host.folder.path, "kept.img");
    writeFileSync(image, Buffer.alloc(1024 ** 2, "kept"));
    const vm = await host.create({
      jailer: {},
      waitForSerial: undefined,
      drives: [{ driveId: "data", pathOnHost: image }],
    });
    writeFileSync(join(vm.outputs.workingRoot ?? "", "drives", "data"), "written", { flag: "r+" });
    await vm.update({ state: "stopped" });
    assert.ok(!existsSync(join(jailFolder, vm.outputs.vmId)));
    const { workingRoot = "", status } = await vm.update({ state: "running" });
    assert.equal(status, "running");
    assert.match(readFileSync(join(workingRoot, "drives", "data"), "latin1"), /^written/);
  });

  it("keeps its process's identity in a process namespace of its own", async () => {
    const vm = await host.create({ jailer: { newPidNs: true } });
    const { pid } = vm.outputs;
    assert.ok(isAlive(pid));
    const arguments_ = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    assert.match(arguments_, /firecracker/);
    assert.doesNotMatch(arguments_, /--new-pid-ns/);
    await vm.remove();
    assert.ok(!isAlive(pid));
  });

  it("is in a cgroup of its own, which goes with it", async function () {
    const tree = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].find((path) =>
      existsSync(join(path, "cgroup.procs")),
    );
    skipBecause(this, tree === undefined ? "there are no cgroups" : undefined);
    const vm = await host.create({
      jailer: { cgroups: { "pids.max": "64" }, parentCgroup: `fc-test-${process.pid}` },
      waitForSerial: undefined,
    });
    const parent = join(tree ?? "", `fc-test-${process.pid}`);
    try {
      const cgroup = join(parent, vm.outputs.vmId);
      assert.equal(readFileSync(join(cgroup, "pids.max"), "utf8").trim(), "64");
      assert.ok(
        readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").includes(String(vm.outputs.pid)),
      );
      await vm.remove();
      assert.ok(!existsSync(cgroup));
    } finally {
      await vm.remove();
      rmdirSync(parent);
    }
  });

  it("says what the jailer says when it does not start", async () => {
    const vm = await host.declare({
      vmName: `jail-${process.pid}`,
      jailer: { cgroups: { "no.such-file": "1" } },
    });
    const error = await catchError(vm.create());
    assert.match(
      error.message,
      /Firecracker ended at once \(exit code 1\)[^]*Last lines of the log:[^]*Hierarchy not found/,
    );
    assert.ok(!existsSync(join(jailFolder, `jail-${process.pid}`)));
  });

  it("cannot lead us to somebody else's socket by a link in the place of its own", async () => {
    const vm = await host.declare({});
    const { apiSocket = "", pid = 0 } = await vm.create();
    const folder = await temporaryFolder();
    let connections = 0;
    const other = createServer(() => (connections += 1)).listen(join(folder.path, "other.sock"));
    try {
      await once(other, "listening");
      rmSync(apiSocket);
      symlinkSync(join(folder.path, "other.sock"), apiSocket);
      assert.equal((await vm.read()).status, "unready");
      await vm.remove();
      assert.equal(isAlive(pid), false);
      assert.equal(connections, 0);
    } finally {
      other.close();
      await folder.remove();
    }
  });

  it("needs a TAP device that the jailed user may open", async () => {
    await host.namespace.ip("tuntap", "add", "tap9", "mode", "tap", "user", "12345");
    const vm = await host.declare({
      jailer: { uid: 60_701 },
      networkInterfaces: [{ ifaceId: "eth0", hostDevName: "tap9" }],
    });
    assert.match(
      (await catchError(vm.create())).message,
      /tap9 .* is for the user 12345, and Firecracker runs as the user 60701\. Make it with `tapUid: 60701`/,
    );
  });

  it("is demanded by name where it is declared", async () => {
    const vm = await host.declare({ jailer: {}, jailerPath: "/nowhere/jailer" });
    assert.match((await catchError(vm.create())).message, /no program \/nowhere\/jailer.*`jailer: false`/);
  });
});
