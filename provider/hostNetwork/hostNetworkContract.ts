import { createHash } from "node:crypto";
import { isIPv4 } from "node:net";
import * as z from "zod";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type ChangeEffect, hostInputsChanges, hostInputsShape } from "../hostResource/hostInputs";
import { defaultJailUser } from "../microVm/vmDefaults";
import { netnsSchema } from "../taskServer/serverIdentity";
import { expected } from "../validation/expected";
import type { CrossCheck } from "../validation/validateInputs";
import { wholeNumber } from "../validation/wholeNumber";
import { egressSchema } from "./egressSchema";
import { defaultHostIp, defaultPrefix, defaultTapMac, defaultTapName } from "./addressDefaults";
import { checkAddresses, checkTapName, networkPattern } from "./checkAddresses";

/** IFNAMSIZ of Linux is 16, with the final NUL. */
const maxDeviceName = 15;

/** How many name servers a resolver asks is up to it; more than these nobody configures. */
const maxResolvers = 8;

function deviceSchema(property: string): z.ZodString {
  const error = ({ input }: { input?: unknown }): string =>
    expected(
      property,
      `the name of a network device (at most ${maxDeviceName} letters, digits and _ . -, not starting with -)`,
      input,
    );
  return z.string({ error }).regex(/^(?!\.{1,2}$|lo$)[A-Za-z0-9_.][A-Za-z0-9_.-]{0,14}$/, { error });
}

/** An address that a device can have, and neither the loopback's nor one for many. */
function addressSchema(property: string, example: string): z.ZodType<string> {
  const error = ({ input }: { input?: unknown }): string =>
    expected(property, `an IPv4 address, such as ${example}, and not a loopback or multicast one`, input);
  return z
    .string({ error })
    .refine((text) => isIPv4(text) && !/^(0|127|22[4-9]|2[3-5]\d)\./.test(text), { error });
}

function networkSchema(property: string, form: string): z.ZodString {
  const error = ({ input }: { input?: unknown }): string => expected(property, form, input);
  return z.string({ error }).regex(networkPattern, { error });
}

const tapMacSchema = z
  .string({ error: ({ input }) => expected("tapMac", "a MAC address", input) })
  // The lowest bit of the first byte stands for a group (IEEE 802): no device can have such an address.
  .regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i, {
    error: ({ input }) => expected("tapMac", `a MAC address of one device, such as ${defaultTapMac}`, input),
  })
  .refine((text) => text !== "00:00:00:00:00:00", {
    error: ({ input }) => expected("tapMac", "a MAC address other than all zeros", input),
  })
  .transform((text) => text.toLowerCase());

/** The largest number is the kernel's word for nobody. */
const maxId = 2 ** 32 - 2;

const resolversForm = `an array of at most ${maxResolvers} IPv4 addresses that a guest can reach (no loopback), such as 9.9.9.9`;

/** The inputs of `HostNetwork` as Pulumi hands them to the provider: types, defaults, messages. */
export const hostNetworkSchema = z.object({
  ...hostInputsShape,
  tapName: deviceSchema("tapName").default(defaultTapName),
  hostIp: addressSchema("hostIp", defaultHostIp).default(defaultHostIp),
  prefix: wholeNumber("prefix", 8, 30).default(defaultPrefix),
  guestSubnet: networkSchema("guestSubnet", "an IPv4 network, such as 172.16.0.0/24").optional(),
  tapMac: tapMacSchema.default(defaultTapMac),
  tapUid: wholeNumber("tapUid", 0, maxId).default(defaultJailUser),
  tapGid: wholeNumber("tapGid", 0, maxId).optional(),
  netns: netnsSchema,
  vethSubnet: networkSchema("vethSubnet", "a /30 of IPv4, such as 10.201.0.0/30").optional(),
  taskPort: wholeNumber("taskPort", 1024, 65_535).default(8080),
  egress: egressSchema,
  resolvers: z
    .array(addressSchema("resolvers", "9.9.9.9"), {
      error: ({ input }) => expected("resolvers", resolversForm, input),
    })
    .max(maxResolvers, { error: ({ input }) => expected("resolvers", resolversForm, input) })
    .optional(),
  uplink: deviceSchema("uplink").optional(),
});

/** Checked inputs, defaults filled in. */
export type HostNetworkInputs = z.infer<typeof hostNetworkSchema>;

export const hostNetworkCrossChecks: readonly CrossCheck[] = [
  ...connectionCrossChecks,
  checkTapName,
  checkAddresses,
];

/**
 * How the network was last seen. `ready`: all of it is as declared; `degraded`: something of it is not; `absent`:
 * nothing of it is there.
 */
export const networkStatuses = ["ready", "degraded", "absent"] as const;
export type NetworkStatus = (typeof networkStatuses)[number];

/** The part of the state that the provider adds to the inputs. */
export const hostNetworkOutputsSchema = z.object({
  status: z.enum(networkStatuses),
  faults: z.array(z.string()).default([]),
  findings: z.array(z.string()).default([]),
  isProven: z.boolean().default(false),
  linkSubnet: z.string().optional(),
  linkDevice: z.string().optional(),
  uplinkDevice: z.string().optional(),
  resolverIps: z.array(z.string()).default([]),
});
export type HostNetworkOutputs = z.infer<typeof hostNetworkOutputsSchema>;

/** Inputs and outputs together, as they stand in the stack's state. */
export type HostNetworkState = HostNetworkInputs & HostNetworkOutputs;

/**
 * The diff table. `replace`: the device or the namespace is another one, so the old one goes first, and a virtual
 * machine that has it open loses it. `sync`: set while the devices stay, under a running virtual machine.
 */
export const hostNetworkChanges: Readonly<Record<string, ChangeEffect>> = {
  ...hostInputsChanges,
  tapName: "replace",
  netns: "replace",
  tapUid: "replace",
  tapGid: "replace",
  vethSubnet: "replace",
  hostIp: "sync",
  prefix: "sync",
  guestSubnet: "sync",
  tapMac: "sync",
  taskPort: "sync",
  egress: "sync",
  resolvers: "sync",
  uplink: "sync",
};

/** The name of a network's folder on its host. Its devices make it what it is, so two stacks cannot both have it. */
export function networkNameOf({ netns, tapName }: Pick<HostNetworkInputs, "netns" | "tapName">): string {
  const identity = JSON.stringify([netns ?? null, tapName]);
  return `net-${createHash("sha256").update(identity).digest("hex").slice(0, 12)}`;
}
