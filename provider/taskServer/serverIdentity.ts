import { isIPv4 } from "node:net";
import * as z from "zod";
import { expected } from "../validation/expected";
import { wholeNumber } from "../validation/wholeNumber";

/** The longest name of a network namespace: a file name's limit (NAME_MAX), since `ip netns` binds it to a file. */
const maxNetnsLength = 255;

/** The address that Firecracker's own documentation gives the TAP device. */
export const defaultTapIp = "172.16.0.1";

export const tapIpSchema = z
  .string({ error: ({ input }) => expected("tapIp", "an IPv4 address", input) })
  .refine(isIPv4, { error: ({ input }) => expected("tapIp", "an IPv4 address, such as 172.16.0.1", input) })
  .default(defaultTapIp);

export const tapPortSchema = wholeNumber("tapPort", 1024, 65535).default(8080);

export const netnsSchema = z
  .string({ error: ({ input }) => expected("netns", "the name of a network namespace", input) })
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9_][A-Za-z0-9_.:@-]*$/, {
    error: ({ input }) =>
      expected(
        "netns",
        "the name of a network namespace (letters, digits and _ . : @ -, no slash or blank)",
        input,
      ),
  })
  .max(maxNetnsLength, {
    error: ({ input }) => expected("netns", `a name of at most ${maxNetnsLength} characters`, input),
  })
  .optional();

/** What makes a task server that server on its host. Another identity is another server. */
export interface ServerIdentity {
  netns?: string | undefined;
  tapIp: string;
  tapPort: number;
}

/** The task server's address as its guests use it. */
export function serverUrl({ tapIp, tapPort }: ServerIdentity): string {
  return `http://${tapIp}:${tapPort}`;
}
