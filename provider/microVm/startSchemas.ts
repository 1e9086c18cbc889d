import * as z from "zod";
import { expected } from "../validation/expected";
import { flag } from "../validation/flag";
import { wholeNumber } from "../validation/wholeNumber";
import { defaultJailUser } from "./vmDefaults";
import { deviceId, deviceName, hostPath, listOf, objectOf, oneOf, optionalFlag, textOf } from "./inputFields";

const maxUserId = 2 ** 32 - 2;

export const jailerOptionsSchema = objectOf("jailer", "false or an object", {
  uid: wholeNumber("jailer.uid", 1, maxUserId).default(defaultJailUser),
  gid: wholeNumber("jailer.gid", 1, maxUserId).default(defaultJailUser),
  cgroups: z
    .record(
      textOf(
        "jailer.cgroups",
        "an object of cgroup files, such as `cpu.max`",
        /^[a-z0-9_]+(\.[a-z0-9_-]+)+$/,
      ),
      z.string({ error: ({ input }) => expected("jailer.cgroups", "an object of texts", input) }),
      { error: ({ input }) => expected("jailer.cgroups", "an object of cgroup files and values", input) },
    )
    .optional(),
  cgroupVersion: z
    .union([z.literal(1), z.literal(2)], {
      error: ({ input }) => expected("jailer.cgroupVersion", "1 or 2", input),
    })
    .optional(),
  parentCgroup: textOf(
    "jailer.parentCgroup",
    "the path of a cgroup below the root of the cgroups",
    /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._/@-]{1,200}$/,
  ).optional(),
  resourceLimits: z
    .strictObject(
      {
        fsize: wholeNumber("jailer.resourceLimits.fsize", 0, Number.MAX_SAFE_INTEGER, "bytes").optional(),
        "no-file": wholeNumber("jailer.resourceLimits.no-file", 16, 1024 ** 2).optional(),
      },
      {
        error: ({ input }) => expected("jailer.resourceLimits", "an object of `fsize` and `no-file`", input),
      },
    )
    .optional(),
  newPidNs: flag("jailer.newPidNs", false),
});
export type JailerOptions = z.infer<typeof jailerOptionsSchema>;

export const jailerSchema = z.union([z.literal(false), jailerOptionsSchema], {
  error: (issue) => {
    // What is wrong with the options says more than that they are not `false`.
    const [, options] = issue.errors;
    return options?.[0]?.message ?? expected("jailer", "false or an object", issue.input);
  },
});

export const restoreSchema = objectOf("restore", "an object with `snapshotPath` and `memBackend`", {
  snapshotPath: hostPath("restore.snapshotPath"),
  memBackend: objectOf("restore.memBackend", "an object with `type` and `path`", {
    type: oneOf("restore.memBackend.type", ["File", "Uffd"]).default("File"),
    path: hostPath("restore.memBackend.path"),
  }),
  trackDirtyPages: optionalFlag("restore.trackDirtyPages"),
  networkOverrides: listOf(
    "restore.networkOverrides",
    objectOf("restore.networkOverrides[]", "an object with `ifaceId` and `hostDevName`", {
      ifaceId: deviceId("restore.networkOverrides[].ifaceId"),
      hostDevName: deviceName("restore.networkOverrides[].hostDevName"),
    }),
  ).optional(),
  vsockOverride: objectOf("restore.vsockOverride", "an object with a `udsPath`", {
    udsPath: textOf(
      "restore.vsockOverride.udsPath",
      "a file name in the VM's working root",
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    ),
  }).optional(),
  clockRealtime: optionalFlag("restore.clockRealtime"),
  resume: flag("restore.resume", true),
});
export type RestoreInputs = z.infer<typeof restoreSchema>;

export const waitForSerialSchema = objectOf("waitForSerial", "an object with a `text`", {
  text: z
    .string({ error: ({ input }) => expected("waitForSerial.text", "a string", input) })
    .min(1, { error: ({ input }) => expected("waitForSerial.text", "a string that is not empty", input) })
    .max(1000, { error: ({ input }) => expected("waitForSerial.text", "at most 1000 characters", input) }),
  timeoutSeconds: wholeNumber("waitForSerial.timeoutSeconds", 1, 3600, "seconds").default(60),
});
