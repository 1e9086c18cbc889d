import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { isUnknown } from "../validation/unknownValue";
import type { CrossCheck } from "../validation/validateInputs";

type Raw = Readonly<Record<string, unknown>>;
type Report = (path: string, message: string) => void;

/** The rules between the inputs of a `MicroVm`; they read its raw inputs, in which anything may be unknown or wrong. */
export const microVmCrossChecks: readonly CrossCheck[] = [
  ...connectionCrossChecks,
  checkWayToStart,
  checkMachine,
  checkDrives,
  checkInterfaces,
  checkMmds,
  checkFiles,
];

/** What a snapshot brings along, so that it cannot be declared beside it. */
const inSnapshot = [
  ...["machine", "cpuConfig", "bootSource", "drives", "networkInterfaces"],
  ...["vsock", "entropy", "balloon"],
];

function checkWayToStart(inputs: Raw, report: Report): void {
  const { bootSource, restore, state } = inputs;
  if (restore === undefined && bootSource === undefined) {
    report(
      "bootSource",
      "Expected either `bootSource` or `restore`, got neither: what is the VM to start from?",
    );
  }
  if (restore === undefined) return;
  for (const property of inSnapshot) {
    if (inputs[property] === undefined) continue;
    report(property, `Expected no \`${property}\` with \`restore\`: the snapshot has its own`);
  }
  const { mmds } = inputs;
  for (const option of isRecord(mmds) ? Object.keys(mmds) : []) {
    if (option === "data" || (mmds as Raw)[option] === undefined) continue;
    // The default, which is not this package's caller's to leave out once the inputs have been through a check.
    if (option === "version" && (mmds as Raw)[option] === "V2") continue;
    report(
      `mmds.${option}`,
      `Expected no \`mmds.${option}\` with \`restore\`: only \`mmds.data\` is not in the snapshot`,
    );
  }
  if (isRecord(restore) && restore.resume === false && (state === undefined || state === "running")) {
    report(
      "restore.resume",
      'Expected `restore.resume` to be true with `state: "running"`; see `state: "paused"`',
    );
  }
}

function checkMachine({ machine, balloon }: Raw, report: Report): void {
  const { vcpuCount = 1, memSizeMib = 512, smt, hugePages } = isRecord(machine) ? machine : {};
  if (smt === true && isNumber(vcpuCount) && vcpuCount > 1 && vcpuCount % 2 === 1) {
    report(
      "machine.vcpuCount",
      `Expected \`machine.vcpuCount\` to be 1 or an even number with \`machine.smt\`, got ${vcpuCount}`,
    );
  }
  if (!isNumber(memSizeMib)) return;
  if (hugePages === "2M" && memSizeMib % 2 === 1) {
    report(
      "machine.memSizeMib",
      `Expected \`machine.memSizeMib\` to be an even number with \`machine.hugePages: "2M"\`, got ${memSizeMib}`,
    );
  }
  const { amountMib } = isRecord(balloon) ? balloon : {};
  if (isNumber(amountMib) && amountMib > memSizeMib) {
    report(
      "balloon.amountMib",
      `Expected \`balloon.amountMib\` to be at most \`machine.memSizeMib\`, which is ${memSizeMib}, got ${amountMib}`,
    );
  }
}

function checkDrives({ drives }: Raw, report: Report): void {
  const list = recordsOf(drives);
  reportRepeated("drives", "driveId", list, report);
  const roots = list.flatMap(({ isRootDevice }, index) => (isRootDevice === true ? [index] : []));
  for (const index of roots.slice(1)) {
    report(
      `drives.${index}.isRootDevice`,
      `Expected \`drives\` to have one root device at most, got ${roots.length}`,
    );
  }
  list.forEach(({ partuuid, isRootDevice }, index) => {
    if (partuuid === undefined || isRootDevice === true || isUnknown(isRootDevice)) return;
    report(
      `drives.${index}.partuuid`,
      "Expected `drives[].partuuid` with the root device only: Firecracker tells the kernel to boot from it",
    );
  });
}

function checkInterfaces({ networkInterfaces, restore }: Raw, report: Report): void {
  const list = recordsOf(networkInterfaces);
  for (const key of ["ifaceId", "hostDevName", "guestMac"])
    reportRepeated("networkInterfaces", key, list, report);
  const overrides = isRecord(restore) ? recordsOf(restore.networkOverrides) : [];
  reportRepeated("restore.networkOverrides", "ifaceId", overrides, report);
}

function checkMmds({ mmds, networkInterfaces, restore }: Raw, report: Report): void {
  if (!isRecord(mmds) || restore !== undefined) return;
  if (isUnknown(networkInterfaces)) return;
  const ids = recordsOf(networkInterfaces).map(({ ifaceId }) => ifaceId);
  if (ids.length === 0) {
    report("mmds", "Expected `networkInterfaces` with `mmds`: the guest reaches it through one of them");
    return;
  }
  const named: unknown[] = Array.isArray(mmds.networkInterfaces) ? mmds.networkInterfaces : [];
  named.forEach((id, index) => {
    if (typeof id !== "string" || ids.includes(id) || ids.some(isUnknown)) return;
    report(
      `mmds.networkInterfaces.${index}`,
      `Expected \`mmds.networkInterfaces\` to name interfaces of \`networkInterfaces\` (${ids.join(", ")}), got \`${id}\``,
    );
  });
}

function checkFiles({ logger, metrics }: Raw, report: Report): void {
  if (!isRecord(logger) || !isRecord(metrics)) return;
  const { metricsPath = "metrics.json" } = metrics;
  if (logger.logPath !== metricsPath || isUnknown(metricsPath)) return;
  report("metrics.metricsPath", "Expected `metrics.metricsPath` to be another file than `logger.logPath`");
}

function reportRepeated(property: string, key: string, list: readonly Raw[], report: Report): void {
  const seen = new Set<unknown>();
  list.forEach((element, index) => {
    const value = element[key];
    if (typeof value !== "string" || isUnknown(value)) return;
    if (seen.has(value)) {
      report(
        `${property}.${index}.${key}`,
        `Expected \`${property}[].${key}\` to be a different one for each, got \`${value}\` twice`,
      );
    }
    seen.add(value);
  });
}

function recordsOf(value: unknown): Raw[] {
  return Array.isArray(value) ? value.map((element: unknown) => (isRecord(element) ? element : {})) : [];
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
