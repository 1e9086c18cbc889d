import assert from "node:assert/strict";
import { join } from "node:path";
import { faultOf } from "../support/firecracker/callApi";
import type { FirecrackerProcess } from "../support/firecracker/firecrackerProcess";
import { shellArguments } from "../support/firecracker/guestPrograms";
import { useMachines } from "../support/firecracker/useMachines";
import { findNamespaceObstacle, type Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { makeVmNamespace } from "../support/vm/vmNamespace";
import { waitUntil } from "../support/waitUntil";

const guestMac = "06:00:ac:10:00:02";
const bootTimeoutMs = 60_000;
const modules = ["virtio_ring", "virtio", "virtio_mmio", "failover", "net_failover", "virtio_net"];

/** Asks its host for an echo again and again, and says how often it got one. */
const askingGuest = shellArguments(
  [
    `for m in ${modules.join(" ")}; do /bin/busybox insmod /lib/modules/$m.ko; done`,
    "/bin/busybox ip address add 172.16.0.2/24 dev eth0",
    "/bin/busybox ip link set eth0 up",
    "/bin/busybox cat /sys/class/net/eth0/address",
    "i=0; while true; do /bin/busybox ping -c 1 -W 1 172.16.0.1 >/dev/null && i=$((i+1)) && echo heard $i",
    "/bin/busybox sleep 0.1; done",
  ].join("; "),
);

describe("the network of Firecracker's machines", function () {
  this.timeout(120_000);
  const machines = useMachines();
  const namespaces: Namespace[] = [];

  before(function () {
    skipBecause(this, findNamespaceObstacle("tap"));
  });
  afterEach(async () => {
    await Promise.all(namespaces.splice(0).map((namespace) => namespace.remove()));
  });

  async function addNamespace(): Promise<Namespace> {
    const namespace = await makeVmNamespace();
    namespaces.push(namespace);
    return namespace;
  }

  async function boot(namespace: Namespace): Promise<FirecrackerProcess> {
    const { vmlinux, initramfs } = machines.image();
    const machine = await machines.start({ netns: namespace.name });
    await machine.configure(
      ["PUT", "/network-interfaces/eth0", { iface_id: "eth0", host_dev_name: "tap0", guest_mac: guestMac }],
      ["PUT", "/boot-source", { kernel_image_path: vmlinux, initrd_path: initramfs, boot_args: askingGuest }],
      ["PUT", "/actions", { action_type: "InstanceStart" }],
    );
    await waitUntil("the guest has heard its host", () => countHeard(machine) > 0, bootTimeoutMs);
    return machine;
  }

  it("reaches three clones with one address in three namespaces, at devices of other names", async () => {
    const origin = await boot(await addNamespace());
    await origin.configure(["PATCH", "/vm", { state: "Paused" }]);
    const files = {
      snapshot_path: join(origin.folder, "state"),
      mem_file_path: join(origin.folder, "memory"),
    };
    await origin.configure(["PUT", "/snapshot/create", files]);
    const clones = await Promise.all(
      [1, 2, 3].map(async (number) => {
        const namespace = await addNamespace();
        const device = `tap-${number}`;
        await namespace.ip("link", "set", "tap0", "down");
        await namespace.ip("link", "set", "tap0", "name", device);
        await namespace.ip("link", "set", device, "up");
        const clone = await machines.start({ netns: namespace.name });
        await clone.configure([
          "PUT",
          "/snapshot/load",
          {
            snapshot_path: files.snapshot_path,
            mem_backend: { backend_type: "File", backend_path: files.mem_file_path },
            network_overrides: [{ iface_id: "eth0", host_dev_name: device }],
            resume_vm: true,
          },
        ]);
        return { clone, namespace, device };
      }),
    );
    for (const { clone, namespace, device } of clones) {
      await waitUntil("the clone hears its host", () => countHeard(clone) > countHeard(origin));
      const neighbours = await namespace.ip("neighbour", "show", "dev", device);
      assert.match(neighbours, new RegExp(`172\\.16\\.0\\.2 .*${guestMac}`));
    }
  });

  it("refuses a device that another machine has, a MAC address twice, and an unknown interface of a snapshot", async () => {
    const namespace = await addNamespace();
    const origin = await boot(namespace);
    const other = await machines.start({ netns: namespace.name });
    const busy = await other.call("PUT", "/network-interfaces/a", { iface_id: "a", host_dev_name: "tap0" });
    assert.match(faultOf(busy) ?? "", /resource busy/i);
    await namespace.ip("tuntap", "add", "tap1", "mode", "tap");
    await namespace.ip("tuntap", "add", "tap2", "mode", "tap");
    await other.configure([
      "PUT",
      "/network-interfaces/a",
      { iface_id: "a", host_dev_name: "tap1", guest_mac: guestMac },
    ]);
    const second = { iface_id: "b", host_dev_name: "tap2", guest_mac: guestMac.toUpperCase() };
    const twice = await other.call("PUT", "/network-interfaces/b", second);
    assert.match(faultOf(twice) ?? "", /MAC address is already in use/);

    await origin.configure(["PATCH", "/vm", { state: "Paused" }]);
    const files = {
      snapshot_path: join(origin.folder, "state"),
      mem_file_path: join(origin.folder, "memory"),
    };
    await origin.configure(["PUT", "/snapshot/create", files]);
    const clone = await machines.start({ netns: namespace.name });
    const unknown = await clone.call("PUT", "/snapshot/load", {
      snapshot_path: files.snapshot_path,
      mem_backend: { backend_type: "File", backend_path: files.mem_file_path },
      network_overrides: [{ iface_id: "eth9", host_dev_name: "tap2" }],
    });
    assert.match(faultOf(unknown) ?? "", /Unknown Network Device/);
    assert.equal(await clone.waitForEnd(), 1);
  });
});

function countHeard(machine: FirecrackerProcess): number {
  return Number([...machine.console().matchAll(/heard (\d+)\r?\n/g)].at(-1)?.[1] ?? 0);
}
