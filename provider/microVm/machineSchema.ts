import type * as z from "zod";
import { flag } from "../validation/flag";
import { wholeNumber } from "../validation/wholeNumber";
import { defaultBootArgs } from "./vmDefaults";
import { hostPath, listOf, objectOf, oneOf, textOf } from "./inputFields";

/** Firecracker's limit (CMDLINE_MAX_SIZE on x86_64), less what it adds for devices by itself. */
const maxBootArgs = 1900;

export const hugePageKinds = ["None", "Transparent", "2M"] as const;
export const cpuTemplates = ["C3", "T2", "T2S", "T2CL", "T2A", "V1N1", "None"] as const;

export const machineSchema = objectOf("machine", "an object", {
  vcpuCount: wholeNumber("machine.vcpuCount", 1, 32).default(1),
  memSizeMib: wholeNumber("machine.memSizeMib", 1, 1024 ** 2, "MiB").default(512),
  smt: flag("machine.smt", false),
  trackDirtyPages: flag("machine.trackDirtyPages", false),
  hugePages: oneOf("machine.hugePages", hugePageKinds).default("None"),
  cpuTemplate: oneOf("machine.cpuTemplate", cpuTemplates).optional(),
});

export const bootSourceSchema = objectOf("bootSource", "an object with a `kernelImagePath`", {
  kernelImagePath: hostPath("bootSource.kernelImagePath"),
  bootArgs: textOf(
    "bootSource.bootArgs",
    `one line of at most ${maxBootArgs} ASCII characters`,
    new RegExp(`^[\\x20-\\x7e]{0,${maxBootArgs}}$`),
  ).default(defaultBootArgs),
  initrdPath: hostPath("bootSource.initrdPath").optional(),
});

const registerNumber = /^(0x[0-9a-fA-F]+|0b[01]+|[0-9]+)$/;
const bitmap = /^0b[01x_]{1,200}$/;

function numberText(property: string): z.ZodString {
  return textOf(property, "a number as text, such as `0x10a`", registerNumber);
}

function bitmapText(property: string): z.ZodString {
  return textOf(property, "a bitmap, such as `0bxxxx0001`", bitmap);
}

const wholeField = (property: string): z.ZodNumber => wholeNumber(property, 0, 2 ** 32 - 1);

/** A custom CPU template, field by field as Firecracker's `PUT /cpu-config` has it. */
export const cpuConfigSchema = objectOf("cpuConfig", "an object", {
  kvmCapabilities: listOf(
    "cpuConfig.kvmCapabilities",
    textOf(
      "cpuConfig.kvmCapabilities[]",
      "a number as text, with a `!` before it to remove it",
      /^!?[0-9]+$/,
    ),
  ).optional(),
  cpuidModifiers: listOf(
    "cpuConfig.cpuidModifiers",
    objectOf("cpuConfig.cpuidModifiers[]", "an object", {
      leaf: numberText("cpuConfig.cpuidModifiers[].leaf"),
      subleaf: numberText("cpuConfig.cpuidModifiers[].subleaf"),
      flags: wholeField("cpuConfig.cpuidModifiers[].flags"),
      modifiers: listOf(
        "cpuConfig.cpuidModifiers[].modifiers",
        objectOf("cpuConfig.cpuidModifiers[].modifiers[]", "an object", {
          register: oneOf("cpuConfig.cpuidModifiers[].modifiers[].register", ["eax", "ebx", "ecx", "edx"]),
          bitmap: bitmapText("cpuConfig.cpuidModifiers[].modifiers[].bitmap"),
        }),
      ),
    }),
  ).optional(),
  msrModifiers: listOf(
    "cpuConfig.msrModifiers",
    objectOf("cpuConfig.msrModifiers[]", "an object", {
      addr: numberText("cpuConfig.msrModifiers[].addr"),
      bitmap: bitmapText("cpuConfig.msrModifiers[].bitmap"),
    }),
  ).optional(),
  regModifiers: listOf(
    "cpuConfig.regModifiers",
    objectOf("cpuConfig.regModifiers[]", "an object", {
      addr: numberText("cpuConfig.regModifiers[].addr"),
      bitmap: bitmapText("cpuConfig.regModifiers[].bitmap"),
    }),
  ).optional(),
  vcpuFeatures: listOf(
    "cpuConfig.vcpuFeatures",
    objectOf("cpuConfig.vcpuFeatures[]", "an object", {
      index: wholeField("cpuConfig.vcpuFeatures[].index"),
      bitmap: bitmapText("cpuConfig.vcpuFeatures[].bitmap"),
    }),
  ).optional(),
});
