import { z } from "zod";
import { parseHostKey } from "../ssh/parseHostKey";
import { expected, expectedSecret } from "../validation/expected";
import { flag } from "../validation/flag";
import { connectionDefaults } from "./connectionDefaults";
import { findHostFault } from "./findHostFault";

/** A day: longer waits are mistakes, and beyond 24.8 days Node's timers would fire at once. */
const longestDialSeconds = 86_400;

function text(property: string, expectation: string): z.ZodString {
  return z
    .string({ error: (issue) => expected(property, expectation, issue.input) })
    .min(1, { error: (issue) => expected(property, expectation, issue.input) });
}

function secret(property: string, expectation: string): z.ZodString {
  return z
    .string({ error: (issue) => expectedSecret(property, expectation, issue.input) })
    .min(1, { error: (issue) => expectedSecret(property, expectation, issue.input) });
}

function integer(property: string, expectation: string, min: number, max: number): z.ZodInt {
  const error = (issue: { input?: unknown }): string => expected(property, expectation, issue.input);
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function host(property: string): z.ZodString {
  return z
    .string({
      error: (issue) =>
        expected(property, "a host name, an address or an alias of ~/.ssh/config", issue.input),
    })
    .check((context) => {
      const fault = findHostFault(context.value);
      if (fault === undefined) return;
      const message = expected(property, fault, context.value);
      context.issues.push({ code: "custom", input: context.value, message });
    });
}

function user(property: string): z.ZodString {
  const expectation = "a user name on the host, without blanks";
  return text(property, expectation).regex(/^[^\s@:/\p{C}-][^\s@:/\p{C}]*$/u, {
    error: (issue) => expected(property, expectation, issue.input),
  });
}

function privateKey(property: string): z.ZodString {
  const expectation =
    "the text of a private key, from -----BEGIN to END-----, and not its path or a public key";
  return secret(property, expectation).refine((key) => /PRIVATE KEY-----|^PuTTY-User-Key-File-/.test(key), {
    error: (issue) => expectedSecret(property, expectation, issue.input),
  });
}

function hostKey(property: string): z.ZodString {
  // Not shown: whoever mixes up two inputs may have put a private key here.
  const expectation =
    'a host key ("ssh-ed25519 AAAA…"), as in /etc/ssh/ssh_host_ed25519_key.pub, or its "SHA256:…"';
  return secret(property, expectation).refine((key) => parseHostKey(key) !== undefined, {
    error: (issue) => expectedSecret(property, expectation, issue.input),
  });
}

/** What the host and its proxy have in common. */
function loginShape(path: string) {
  return {
    host: host(`${path}.host`),
    port: integer(`${path}.port`, "a port from 1 to 65535", 1, 65_535).optional(),
    user: user(`${path}.user`).optional(),
    privateKey: privateKey(`${path}.privateKey`).optional(),
    privateKeyPassword: secret(`${path}.privateKeyPassword`, "the passphrase of the private key").optional(),
    password: secret(`${path}.password`, "the password of the user").optional(),
    agentSocketPath: text(`${path}.agentSocketPath`, "the path of an SSH agent's socket").optional(),
    hostKey: hostKey(`${path}.hostKey`).optional(),
    knownHosts: text(`${path}.knownHosts`, "the path of a known_hosts file").optional(),
    insecureIgnoreHostKey: flag(`${path}.insecureIgnoreHostKey`, false),
    dialErrorLimit: integer(
      `${path}.dialErrorLimit`,
      "a number of attempts, or -1 for no limit",
      -1,
      Number.MAX_SAFE_INTEGER,
    ).default(connectionDefaults.dialErrorLimit),
    perDialTimeout: integer(
      `${path}.perDialTimeout`,
      `a number of seconds from 0 (no limit) to ${longestDialSeconds}`,
      0,
      longestDialSeconds,
    ).default(connectionDefaults.perDialTimeout),
  };
}

function objectError(path: string, shape: object) {
  return (issue: { code?: string; keys?: readonly string[]; input?: unknown }): string =>
    issue.code === "unrecognized_keys"
      ? `Expected \`${path}\` to have no property ${(issue.keys ?? []).map((key) => `\`${key}\``).join(", ")}; it knows ${Object.keys(shape).join(", ")}`
      : expectedSecret(path, "an object with at least a `host`", issue.input);
}

const proxyShape = loginShape("connection.proxy");
const connectionShape = {
  ...loginShape("connection"),
  sudo: flag("connection.sudo", false),
  proxy: z.strictObject(proxyShape, { error: objectError("connection.proxy", proxyShape) }).optional(),
};

/** How to reach a host: checks, defaults and messages. Rules between inputs are in `connectionCrossChecks`. */
export const connectionSchema = z.strictObject(connectionShape, {
  error: objectError("connection", connectionShape),
});

/**
 * A checked connection. `port` and `user` stay absent when they were not given, because ~/.ssh/config
 * comes before their defaults.
 */
export type Connection = z.infer<typeof connectionSchema>;

/** What is known of one SSH endpoint, the host itself or its proxy. */
export type Login = NonNullable<Connection["proxy"]>;
