import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { callApi, faultOf, type ApiAnswer } from "../support/firecracker/callApi";
import { counterArguments } from "../support/firecracker/guestPrograms";
import { hasEnded } from "../support/firecracker/hasEnded";
import { waitForApi } from "../support/firecracker/waitForApi";
import { findImage } from "../support/vm/findImage";
import { findFirecracker, type FirecrackerPrograms } from "../support/firecracker/findFirecracker";
import { findNamespaceObstacle, makeNamespace, type Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { waitUntil } from "../support/waitUntil";

const run = promisify(execFile);
const user = 41234;
const timeout = 20_000;

describe("Firecracker's jailer", function () {
  this.timeout(60_000);
  let firecracker: string;
  let jailer: string;
  let base: TemporaryFolder;
  let root: string;
  const started: number[] = [];

  before(async function () {
    skipBecause(this, findNamespaceObstacle());
    const found: FirecrackerPrograms | { obstacle: string } = await findFirecracker();
    if ("obstacle" in found) skipBecause(this, found.obstacle);
    else if (found.jailer === undefined) skipBecause(this, "JAILER_BIN is not set");
    else ({ firecracker, jailer } = { firecracker: found.firecracker, jailer: found.jailer });
  });

  beforeEach(async () => {
    base = await temporaryFolder();
    chmodSync(base.path, 0o700);
    root = join(base.path, basename(firecracker), "vm-1", "root");
    mkdirSync(root, { recursive: true });
  });

  afterEach(async () => {
    for (const pid of started.splice(0)) {
      process.kill(pid, "SIGKILL");
      await waitUntil("the jailed process has ended", () => hasEnded(pid));
    }
    await base.remove();
  });

  async function jail(
    options: Readonly<Record<string, string>> = {},
    flags: readonly string[] = ["--daemonize"],
    args: readonly string[] = ["--api-sock", "/api.sock"],
  ): Promise<void> {
    const all = {
      "--id": "vm-1",
      "--exec-file": firecracker,
      "--uid": String(user),
      "--gid": String(user),
      "--chroot-base-dir": base.path,
      ...options,
    };
    await run(jailer, [...Object.entries(all).flat(), ...flags, "--", ...args], { timeout });
    const pidFile = join(root, `${basename(firecracker)}.pid`);
    const readPid = (): number => (existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0);
    await waitUntil("the jail has its pid file", () => readPid() > 0);
    started.push(readPid());
    await waitForApi(join(root, "api.sock"));
  }

  async function refusal(
    options: Readonly<Record<string, string>>,
    flags?: readonly string[],
  ): Promise<string> {
    const error: unknown = await jail(options, flags).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof Error && "stderr" in error && "stdout" in error, "expected a refusal");
    return `${String(error.stderr)}${String(error.stdout)}`;
  }

  function call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return callApi(join(root, "api.sock"), method, path, body);
  }

  function put(name: string, mode: number, owner = 0): void {
    writeFileSync(join(root, name), Buffer.alloc(4096));
    chmodSync(join(root, name), mode);
    chownSync(join(root, name), owner, owner);
  }

  function putDrive(path: string, isReadOnly = false): Promise<ApiAnswer> {
    const drive = { drive_id: "d", path_on_host: path, is_root_device: false, is_read_only: isReadOnly };
    return call("PUT", "/drives/d", drive);
  }

  for (const flags of [["--daemonize"], ["--daemonize", "--new-pid-ns"]]) {
    it(`makes the jail, with its devices, socket and pid file (${flags.join(" ")})`, async () => {
      await jail({}, flags);
      for (const name of [".", "dev", "run", "dev/net/tun", "dev/kvm", "dev/urandom", "api.sock"]) {
        const { uid, gid } = statSync(join(root, name));
        assert.deepEqual([uid, gid], [user, user], name);
      }
      assert.ok(existsSync(join(root, basename(firecracker))), "the program was copied");
      assert.equal((await call("GET", "/")).status, 200);
    });
  }

  it("refuses a jail that was used before", async () => {
    await jail();
    assert.match(await refusal({}, []), /mknod inside the jail: File exists/);
  });

  it("keeps paths inside, and lets the jail's user open what its rights allow", async () => {
    put("own", 0o600, user);
    put("foreign", 0o600);
    put("readable", 0o644);
    symlinkSync("/etc/passwd", join(root, "outside"));
    await jail();
    for (const path of ["own", "/own", "../../own", "/../own"]) {
      assert.equal((await putDrive(path)).status, 204, path);
    }
    assert.match(faultOf(await putDrive("foreign")) ?? "", /Permission denied \(os error 13\)/);
    assert.match(faultOf(await putDrive("readable")) ?? "", /Permission denied/);
    assert.equal((await putDrive("readable", true)).status, 204);
    for (const path of ["outside", "/etc/passwd", join(root, "own")]) {
      assert.match(faultOf(await putDrive(path, true)) ?? "", /No such file/, path);
    }
  });

  describe("in a network namespace", () => {
    let namespace: Namespace;
    beforeEach(async () => {
      namespace = await makeNamespace();
    });
    afterEach(() => namespace.remove());

    it("joins only the TAP devices of that namespace that are its user's, or nobody's", async () => {
      const add = (...args: string[]): Promise<string> =>
        namespace.ip("tuntap", "add", ...args, "mode", "tap");
      await add("dev", "own", "user", String(user));
      await add("dev", "foreign", "user", String(user + 1));
      await add("dev", "open");
      await jail({ "--netns": `/run/netns/${namespace.name}` });
      const join = async (device: string): Promise<string> => {
        const interfaceOf = { iface_id: device, host_dev_name: device };
        return faultOf(await call("PUT", `/network-interfaces/${device}`, interfaceOf)) ?? "";
      };
      assert.equal(await join("own"), "");
      assert.equal(await join("open"), "");
      assert.match(await join("foreign"), /Operation not permitted \(os error 1\)/);
      assert.match(await join("missing"), /Open tap device failed/);
      const again = { iface_id: "again", host_dev_name: "own" };
      const busy = await call("PUT", "/network-interfaces/again", again);
      assert.match(faultOf(busy) ?? "", /Resource busy|Device or resource busy/);
    });
  });

  it("boots a machine inside, whose snapshot goes on in another jail", async function () {
    const image = await findImage();
    if ("obstacle" in image) {
      skipBecause(this, image.obstacle);
      return;
    }
    copyFileSync(image.vmlinux, join(root, "kernel"));
    copyFileSync(image.initramfs, join(root, "initrd"));
    mkdirSync(join(root, "snapshot"));
    chownSync(join(root, "snapshot"), user, user);
    await jail({}, ["--new-pid-ns", "--daemonize"], ["--api-sock", "/api.sock", "--level", "Off"]);
    const start = async (...calls: (readonly [string, string, unknown])[]): Promise<void> => {
      for (const [method, path, body] of calls)
        assert.equal(faultOf(await call(method, path, body)), undefined);
    };
    const source = { kernel_image_path: "kernel", initrd_path: "/initrd", boot_args: counterArguments };
    const files = { snapshot_path: "snapshot/state", mem_file_path: "/snapshot/memory" };
    const said = (): string => readFileSync(join(root, "serial"), "latin1");
    await start(
      ["PUT", "/serial", { serial_out_path: "serial" }],
      ["PUT", "/boot-source", source],
      ["PUT", "/actions", { action_type: "InstanceStart" }],
    );
    await waitUntil("the guest counts", () => said().includes("tick 3"), 60_000);
    await start(["PATCH", "/vm", { state: "Paused" }], ["PUT", "/snapshot/create", files]);
    const origin = root;
    root = join(base.path, basename(firecracker), "vm-2", "root");
    mkdirSync(join(root, "snapshot"), { recursive: true });
    chownSync(join(root, "snapshot"), user, user);
    for (const name of ["state", "memory"])
      linkSync(join(origin, "snapshot", name), join(root, "snapshot", name));
    await jail({ "--id": "vm-2" }, ["--daemonize"], ["--api-sock", "/api.sock"]);
    const backend = { backend_type: "File", backend_path: "snapshot/memory" };
    await start(
      ["PUT", "/serial", { serial_out_path: "serial" }],
      ["PUT", "/snapshot/load", { snapshot_path: "/snapshot/state", mem_backend: backend, resume_vm: true }],
    );
    await waitUntil("the clone counts on", () => /tick \d+/.test(said()));
  });

  for (const [what, options, fault] of [
    ["an id with a dot", { "--id": "vm.1" }, /Invalid char \(\.\)/],
    ["an id of 65 letters", { "--id": "v".repeat(65) }, /Invalid len|length/],
    ["a program of another name", { "--exec-file": "/bin/true" }, /must contain "firecracker"/],
    ["a program that is missing", { "--exec-file": "/nowhere/firecracker" }, /Failed to canonicalize/],
    ["a base that is missing", { "--chroot-base-dir": "/nowhere" }, /Failed to canonicalize/],
    ["a user that is no number", { "--uid": "root" }, /Invalid uid: root/],
    ["a group out of range", { "--gid": "4294967296" }, /Invalid gid/],
    ["a namespace that is missing", { "--netns": "/run/netns/nowhere" }, /Failed to open file/],
    ["a cgroup without a value", { "--cgroup": "cpu.shares" }, /Invalid format for cgroups/],
    ["a third version of cgroups", { "--cgroup-version": "3" }, /invalid cgroup version/],
    ["an absolute parent cgroup", { "--parent-cgroup": "/all" }, /Parent cgroup path is invalid/],
    ["an unknown limit", { "--resource-limit": "stack=1" }, /Invalid resource argument/],
    ["a limit that is no number", { "--resource-limit": "fsize=much" }, /Invalid limit value/],
    ["an unknown argument", { "--node": "0" }, /Found argument/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.match(await refusal(options), fault);
    });
  }
});
