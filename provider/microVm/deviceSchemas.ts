import * as z from "zod";
import { expectedSecret } from "../validation/expected";
import { flag } from "../validation/flag";
import { wholeNumber } from "../validation/wholeNumber";
import { deviceId, deviceName, hostPath, listOf, objectOf, oneOf, optionalFlag, textOf } from "./inputFields";
import { rateLimiter } from "./rateLimiterSchema";

/** Names in the working root that this package itself gives. */
const ownNames = [
  "kernel",
  "initrd",
  "drives",
  "snapshot",
  "v.sock",
  "api.sock",
  "dev",
  "run",
  "firecracker",
];

/** Firecracker's default limit of a request, which is also that of what MMDS holds. */
const maxMmdsBytes = 51_200;

export const driveSchema = objectOf("drives[]", "an object with a `driveId` and a `pathOnHost`", {
  driveId: deviceId("drives[].driveId"),
  pathOnHost: hostPath("drives[].pathOnHost"),
  isRootDevice: flag("drives[].isRootDevice", false),
  isReadOnly: flag("drives[].isReadOnly", false),
  cacheType: oneOf("drives[].cacheType", ["Unsafe", "Writeback"]).optional(),
  ioEngine: oneOf("drives[].ioEngine", ["Sync", "Async"]).optional(),
  partuuid: textOf("drives[].partuuid", "the unique id of a partition", /^[0-9A-Fa-f-]{1,40}$/).optional(),
  rateLimiter: rateLimiter("drives[].rateLimiter").optional(),
});
export type DriveInputs = z.infer<typeof driveSchema>;

export const networkInterfaceSchema = objectOf(
  "networkInterfaces[]",
  "an object with an `ifaceId` and a `hostDevName`",
  {
    ifaceId: deviceId("networkInterfaces[].ifaceId"),
    hostDevName: deviceName("networkInterfaces[].hostDevName"),
    guestMac: textOf(
      "networkInterfaces[].guestMac",
      "a MAC address of one device, such as 06:fc:00:00:00:02",
      /^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$/,
    ).optional(),
    mtu: wholeNumber("networkInterfaces[].mtu", 68, 65_535, "bytes").optional(),
    rxRateLimiter: rateLimiter("networkInterfaces[].rxRateLimiter").optional(),
    txRateLimiter: rateLimiter("networkInterfaces[].txRateLimiter").optional(),
  },
);
export type NetworkInterfaceInputs = z.infer<typeof networkInterfaceSchema>;

export const vsockSchema = objectOf("vsock", "an object with a `guestCid`", {
  guestCid: wholeNumber("vsock.guestCid", 3, 2 ** 32 - 2),
});

export const entropySchema = objectOf("entropy", "an object", {
  rateLimiter: rateLimiter("entropy.rateLimiter").optional(),
});

export const balloonSchema = objectOf("balloon", "an object with an `amountMib`", {
  amountMib: wholeNumber("balloon.amountMib", 0, 1024 ** 2, "MiB"),
  deflateOnOom: flag("balloon.deflateOnOom", true),
  statsPollingIntervalS: wholeNumber("balloon.statsPollingIntervalS", 0, 65_535, "seconds").default(0),
  freePageHinting: optionalFlag("balloon.freePageHinting"),
  freePageReporting: optionalFlag("balloon.freePageReporting"),
});

/** Never shown: what MMDS hands to the guest may be secret. */
const mmdsDataSchema = z
  .record(z.string(), z.json(), {
    error: ({ input }) => expectedSecret("mmds.data", "a JSON object", input),
  })
  .superRefine((data, context) => {
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (bytes > maxMmdsBytes)
      context.addIssue(
        `Expected \`mmds.data\` to have at most ${maxMmdsBytes} bytes as JSON, got ${bytes} bytes`,
      );
  });

export const mmdsSchema = objectOf("mmds", "an object", {
  version: oneOf("mmds.version", ["V1", "V2"]).default("V2"),
  networkInterfaces: listOf("mmds.networkInterfaces", deviceId("mmds.networkInterfaces[]")).optional(),
  ipv4Address: textOf(
    "mmds.ipv4Address",
    "a link-local IPv4 address, 169.254.1.0 to 169.254.254.255",
    /^169\.254\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/,
  ).optional(),
  imdsCompat: optionalFlag("mmds.imdsCompat"),
  data: mmdsDataSchema.optional(),
});

function outputFile(property: string): z.ZodString {
  const reserved = ownNames.map((name) => name.replace(".", "\\.")).join("|");
  return textOf(
    property,
    `a file name of letters, digits and . _ - (no path; not ${ownNames.join(", ")})`,
    new RegExp(`^(?!(?:${reserved})$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`),
  );
}

export const loggerSchema = objectOf("logger", "an object", {
  logPath: outputFile("logger.logPath").optional(),
  level: oneOf("logger.level", ["Error", "Warning", "Info", "Debug", "Trace", "Off"]).optional(),
  showLevel: optionalFlag("logger.showLevel"),
  showLogOrigin: optionalFlag("logger.showLogOrigin"),
  module: textOf("logger.module", "the path of a module of Firecracker", /^[\x21-\x7e]{1,200}$/).optional(),
});

export const metricsSchema = objectOf("metrics", "an object", {
  metricsPath: outputFile("metrics.metricsPath").default("metrics.json"),
});
