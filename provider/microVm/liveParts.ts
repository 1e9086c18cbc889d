import { isDeepStrictEqual } from "node:util";
import type { MicroVmInputs } from "./microVmContract";

/** The inputs of which a part can change in a VM that runs, and a part only with a new process. */
const mixedInputs = ["drives", "networkInterfaces", "balloon"] as const;
type MixedInput = (typeof mixedInputs)[number];

/** Those of the mixed inputs whose change takes a new process. An unknown value is a change. */
export function findBootChanges(olds: object, news: object): MixedInput[] {
  return mixedInputs.filter(
    (property) => !isDeepStrictEqual(bootPartOf(property, olds), bootPartOf(property, news)),
  );
}

function bootPartOf(property: MixedInput, inputs: object): unknown {
  const value = (inputs as Partial<MicroVmInputs>)[property];
  // During a preview the value, or something in it, may be the stand-in of an unknown one: a text.
  if (typeof value !== "object") return value;
  // JSON has no `undefined`, which state and fresh inputs differ in.
  return JSON.parse(
    JSON.stringify(value, (key, child: unknown) => {
      if (liveFields[property].includes(key)) return undefined;
      if (property === "balloon" && key === "statsPollingIntervalS") return child !== 0;
      return isDataDrive(child) ? { ...child, pathOnHost: undefined } : child;
    }),
  ) as unknown;
}

/** What `PATCH` changes in a VM that runs, by the API's description. */
const liveFields: Readonly<Record<MixedInput, readonly string[]>> = {
  drives: ["rateLimiter"],
  networkInterfaces: ["rxRateLimiter", "txRateLimiter"],
  balloon: ["amountMib"],
};

/** Another file in the place of the root drive would pull the ground away from under the guest. */
function isDataDrive(value: unknown): value is { pathOnHost: unknown } {
  return typeof value === "object" && value !== null && "driveId" in value && "isRootDevice" in value
    ? value.isRootDevice === false
    : false;
}
