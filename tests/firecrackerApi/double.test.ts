import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { FirecrackerFaultError } from "../../provider/errors/firecrackerFaultError";
import { withFirecracker } from "../../provider/firecrackerApi/withFirecracker";
import { withHost } from "../../provider/ssh/hostPool";
import { catchError } from "../support/catchError";
import { findFirecracker } from "../support/firecracker/findFirecracker";
import { skipBecause } from "../support/skipBecause";
import { useSshd } from "../support/useSshd";
import { waitUntil } from "../support/waitUntil";

/** The process as it is started for a VM, before it is told to boot. */
describe("withFirecracker, with Firecracker or its double", () => {
  const { main: sshd } = useSshd();
  let vmm: ChildProcess | undefined;
  let path = "";

  before(async function () {
    const programs = await findFirecracker();
    skipBecause(this, "obstacle" in programs ? programs.obstacle : undefined);
    if ("obstacle" in programs) return;
    path = join(sshd().folder, "vm.sock");
    vmm = spawn(programs.firecracker, ["--id", "vm-1", "--api-sock", path], { stdio: "ignore" });
    await waitUntil("it listens", () => existsSync(path));
  });
  after(async () => {
    if (vmm?.pid === undefined || vmm.exitCode !== null) return;
    const ended = once(vmm, "exit");
    vmm.kill("SIGKILL");
    await ended;
  });

  it("understands its answers, and its faults", async () => {
    await withHost(connectionSchema.parse(sshd().connection()), (host) =>
      withFirecracker(host, path, { timeoutMs: 10_000 }, async (api) => {
        assert.deepEqual((({ id, state }) => ({ id, state }))(await api.describeInstance()), {
          id: "vm-1",
          state: "Not started",
        });
        assert.match(await api.getVersion(), /^\d+\.\d+\.\d+/);
        await api.putMachineConfig({ vcpu_count: 2, mem_size_mib: 256, track_dirty_pages: true });
        const { vcpu_count, mem_size_mib, track_dirty_pages } = await api.getMachineConfig();
        assert.deepEqual([vcpu_count, mem_size_mib, track_dirty_pages], [2, 256, true]);
        assert.deepEqual((await api.getVmConfig()).drives, []);
        await api.putEntropy({});
        await api.putBalloon({ amount_mib: 0, deflate_on_oom: true });

        const kernel = await catchError(api.putBootSource({ kernel_image_path: "/no/such/kernel" }));
        assert.ok(kernel instanceof FirecrackerFaultError);
        assert.match(
          kernel.message,
          /^Firecracker refused `PUT \/boot-source` on .*: .*kernel file cannot be opened/,
        );
        const start = await catchError(api.act("InstanceStart"));
        assert.match(start.message, /`PUT \/actions`.*without kernel configuration/);
        const pause = await catchError(api.setVmState("Paused"));
        assert.match(pause.message, /`PATCH \/vm`.*not supported before starting the microVM/);
        const drive = await catchError(
          api.putDrive({ drive_id: "a/../b", is_root_device: false, path_on_host: "x" }),
        );
        assert.ok(drive instanceof FirecrackerFaultError);
      }),
    );
  });
});
