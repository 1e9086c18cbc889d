import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MicroVmInputs, microVmSchema, vmIdOf } from "../../provider/microVm/microVmContract";
import { observeVm, removeVm, startVm } from "../../provider/microVm/microVmWork";
import type { VmSeen } from "../../provider/microVm/vmSeen";
import { removeSnapshot, type SnapshotOrder } from "../../provider/snapshot/snapshotWork";
import type { Host } from "../../provider/ssh/host";
import { VmHost } from "../microVm/vmHost";
import { waitUntil } from "../support/waitUntil";

/** Counts on its serial console, so that it can be seen where a clone goes on. */
const tickingGuest = "i=0; while :; do i=$((i+1)); echo tick-$i-; sleep 0.1; done";

let counter = 0;

/** A VM that was started, and what belongs to it. */
export interface StartedVm {
  inputs: MicroVmInputs;
  instanceId: string;
  vmId: string;
  seen: VmSeen;
}

/** A host with VMs and snapshots that all go with it. */
export class SnapshotBench {
  private readonly vms: StartedVm[] = [];
  private readonly snapshots: SnapshotOrder[] = [];

  private constructor(public readonly vmHost: VmHost) {}

  public static async open(context: Mocha.Context): Promise<SnapshotBench> {
    return new SnapshotBench(await VmHost.open(context));
  }

  public withHost<T>(work: (host: Host) => Promise<T>): Promise<T> {
    return this.vmHost.withHost(work);
  }

  /** Starts a guest that counts; it has printed its first number. */
  public async start(overrides: Record<string, unknown> = {}): Promise<StartedVm> {
    const inputs = microVmSchema.parse(
      this.vmHost.inputs({
        bootSource: this.vmHost.bootSource(tickingGuest),
        waitForSerial: { text: "tick-", timeoutSeconds: 120 },
        ...overrides,
      }),
    );
    const vm = { inputs, instanceId: `fc-${randomBytes(8).toString("hex")}`, vmId: vmIdOf(inputs) };
    const started = { ...vm, seen: { status: "absent", vmId: vm.vmId } as VmSeen };
    this.vms.push(started);
    started.seen = await this.withHost((host) => startVm(host, inputs, vm.instanceId));
    return started;
  }

  /** Starts a clone of a snapshot, which brings its machine along. */
  public clone(folder: string, overrides: Record<string, unknown> = {}): Promise<StartedVm> {
    const restore = {
      snapshotPath: join(folder, "state"),
      memBackend: { type: "File", path: join(folder, "memory") },
    };
    return this.start({ bootSource: undefined, machine: undefined, restore, ...overrides });
  }

  public async observe({ inputs, instanceId }: StartedVm): Promise<string> {
    return (await this.withHost((host) => observeVm(host, inputs, instanceId))).status;
  }

  /** The order of a snapshot, which is removed in the end. */
  public order({ vmId, instanceId }: StartedVm, overrides: Partial<SnapshotOrder> = {}): SnapshotOrder {
    counter += 1;
    const order: SnapshotOrder = {
      name: `snap-test-${process.pid}-${counter}`,
      owner: `organization/tests-${process.pid}/stack/Snapshot/snapshot`,
      instanceId: `fc-${randomBytes(8).toString("hex")}`,
      vm: { vmId, instanceId },
      snapshotType: "Full",
      afterwards: "resume",
      ...overrides,
    };
    this.snapshots.push(order);
    return order;
  }

  /** A file on the host, such as a drive's. */
  public writeFile(name: string, content: string | Buffer): string {
    const path = join(this.vmHost.folder.path, name);
    writeFileSync(path, content);
    return path;
  }

  public async removeVms(): Promise<void> {
    await this.withHost(async (host) => {
      for (const { inputs, instanceId } of this.vms.splice(0)) await removeVm(host, inputs, instanceId);
    });
  }

  public async close(): Promise<void> {
    await this.removeVms();
    await this.withHost(async (host) => {
      for (const order of this.snapshots.splice(0)) await removeSnapshot(host, order);
    });
    await this.vmHost.close();
  }
}

/** The last number that a counting guest has printed; 0 before the first one. */
export function lastTick({ seen }: StartedVm): number {
  const path = seen.serialLogPath ?? "";
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return Number([...text.matchAll(/tick-(\d+)-/g)].at(-1)?.[1] ?? 0);
}

/** The first number that a clone has printed. */
export function firstTick({ seen }: StartedVm): number {
  return Number(/tick-(\d+)-/.exec(readFileSync(seen.serialLogPath ?? "", "utf8"))?.[1] ?? 0);
}

export async function waitUntilItCountsOn(vm: StartedVm): Promise<void> {
  const from = lastTick(vm);
  await waitUntil("the guest counts on", () => lastTick(vm) > from + 1);
}
