import type { FirecrackerProcess } from "./firecrackerProcess";

/** Boot arguments of a guest whose first process is a shell with this script, and then ends: a panic. */
export function shellArguments(script: string): string {
  const opened = `/bin/busybox mount -t devtmpfs d /dev; exec >/dev/ttyS0 2>&1; ${script}`;
  return `console=ttyS0 quiet panic=-1 reboot=k rdinit=/bin/busybox -- sh -c "${opened}"`;
}

/** A guest that counts, ten times a second: what it says tells whether it runs, and where it goes on. */
export const counterArguments = shellArguments(
  "i=0; while i=$((i+1)); do echo tick $i; /bin/busybox sleep 0.1; done",
);

/** How far it has come; 0 before it has begun. */
export function lastCount(machine: FirecrackerProcess): number {
  return Number([...machine.console().matchAll(/tick (\d+)\r?\n/g)].at(-1)?.[1] ?? 0);
}
