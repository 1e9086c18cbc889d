import { isDeepStrictEqual } from "node:util";
import type { RateLimiter } from "../firecrackerApi/apiBodies";
import type { FirecrackerApi } from "../firecrackerApi/firecrackerApi";
import { toApi } from "../firecrackerApi/toApi";
import { drivePath } from "./configureVm";
import type { DriveInputs } from "./deviceSchemas";
import type { MicroVmInputs } from "./microVmContract";
import type { RateLimiterInputs } from "./rateLimiterSchema";

/** Firecracker takes a bucket without size as no limit (rate_limiter: `TokenBucket::new`). */
const noLimit = { size: 0, refill_time: 0 };

/** Drives whose file is another one now, so that it has to be put in its place before the API is told. */
export function findSwappedDrives(olds: MicroVmInputs, news: MicroVmInputs): DriveInputs[] {
  return (news.drives ?? []).filter((drive) => {
    const old = olds.drives?.find(({ driveId }) => driveId === drive.driveId);
    return old !== undefined && old.pathOnHost !== drive.pathOnHost;
  });
}

/** Whether there is anything to tell a VM that runs. */
export function hasLiveChanges(olds: MicroVmInputs, news: MicroVmInputs): boolean {
  const live = ({ drives, networkInterfaces, balloon, mmds }: MicroVmInputs): unknown =>
    JSON.parse(JSON.stringify({ drives, networkInterfaces, balloon, data: mmds?.data }));
  return !isDeepStrictEqual(live(olds), live(news));
}

/** Hands what has changed in the inputs to a VM that runs. */
export async function syncVm(api: FirecrackerApi, olds: MicroVmInputs, news: MicroVmInputs): Promise<void> {
  const swapped = findSwappedDrives(olds, news);
  for (const drive of news.drives ?? []) {
    const old = olds.drives?.find(({ driveId }) => driveId === drive.driveId);
    const limiter = limiterChange(old?.rateLimiter, drive.rateLimiter);
    const isSwapped = swapped.includes(drive);
    if (limiter === undefined && !isSwapped) continue;
    await api.patchDrive({
      drive_id: drive.driveId,
      ...(isSwapped ? { path_on_host: drivePath(drive) } : {}),
      ...(limiter === undefined ? {} : { rate_limiter: limiter }),
    });
  }
  for (const { ifaceId, rxRateLimiter, txRateLimiter } of news.networkInterfaces ?? []) {
    const old = olds.networkInterfaces?.find((other) => other.ifaceId === ifaceId);
    const rx = limiterChange(old?.rxRateLimiter, rxRateLimiter);
    const tx = limiterChange(old?.txRateLimiter, txRateLimiter);
    if (rx === undefined && tx === undefined) continue;
    await api.patchNetworkInterface({
      iface_id: ifaceId,
      ...(rx === undefined ? {} : { rx_rate_limiter: rx }),
      ...(tx === undefined ? {} : { tx_rate_limiter: tx }),
    });
  }
  await syncBalloon(api, olds.balloon, news.balloon);
  const data = news.mmds?.data;
  if (news.mmds !== undefined && !isDeepStrictEqual(olds.mmds?.data, data)) await api.putMmds(data ?? {});
}

async function syncBalloon(
  api: FirecrackerApi,
  old: MicroVmInputs["balloon"],
  balloon: MicroVmInputs["balloon"],
): Promise<void> {
  if (balloon === undefined) return;
  const { amountMib, statsPollingIntervalS } = balloon;
  if (old?.amountMib !== amountMib) await api.patchBalloon({ amount_mib: amountMib });
  if (statsPollingIntervalS !== 0 && old?.statsPollingIntervalS !== statsPollingIntervalS) {
    await api.patchBalloonStatistics({ stats_polling_interval_s: statsPollingIntervalS });
  }
}

/** A bucket that is left out of a `PATCH` stays as it is, so one that is not declared any more is taken away. */
function limiterChange(
  old: RateLimiterInputs | undefined,
  now: RateLimiterInputs | undefined,
): RateLimiter | undefined {
  if (isDeepStrictEqual(old ?? {}, now ?? {})) return undefined;
  const declared = toApi(now ?? {});
  return {
    ...(old?.bandwidth === undefined ? {} : { bandwidth: noLimit }),
    ...(old?.ops === undefined ? {} : { ops: noLimit }),
    ...declared,
  };
}
