import { readFileSync } from "node:fs";
import { connectionCrossChecks } from "../connection/connectionCrossChecks";
import { type Connection, connectionSchema } from "../connection/connectionSchema";
import { expandHome } from "../ssh/expandHome";
import { validateInputs } from "../validation/validateInputs";
import { parseStrictly } from "./parseStrictly";
import { UsageError } from "./usageError";

/** Someone waits at the terminal: a host that is down should be told after a few tries, not after ten. */
const dialAttempts = 3;

export interface DoctorArgs {
  readonly connection: Connection;
  readonly json: boolean;
}

/** Where on the command line each field of a connection comes from. */
const optionOf: Readonly<Record<string, string>> = {
  host: "HOST",
  port: "--port",
  user: "--user",
  privateKey: "--identity",
  knownHosts: "--known-hosts",
  hostKey: "--host-key",
  insecureIgnoreHostKey: "--insecure-ignore-host-key",
  sudo: "--sudo",
};

/** Reads the arguments of `fc-agents doctor`; `help` where that was asked for. */
export function parseDoctorArgs(args: readonly string[]): DoctorArgs | "help" {
  const { values, positionals } = parseStrictly({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: "string", short: "p" },
      user: { type: "string", short: "u" },
      identity: { type: "string", short: "i" },
      "known-hosts": { type: "string" },
      "host-key": { type: "string" },
      "insecure-ignore-host-key": { type: "boolean" },
      sudo: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) return "help";
  const [target, ...others] = positionals;
  if (target === undefined) throw new UsageError("Name the host: fc-agents doctor [USER@]HOST[:PORT]");
  if (others.length > 0) throw new UsageError(`One host at a time, got ${positionals.join(" ")}`);
  const named = splitTarget(target);
  const inputs = {
    host: named.host,
    port: readPort(pickOne("port", named.port, values.port)),
    user: pickOne("user", named.user, values.user),
    privateKey: values.identity === undefined ? undefined : readKey(values.identity),
    knownHosts: values["known-hosts"],
    hostKey: values["host-key"],
    insecureIgnoreHostKey: values["insecure-ignore-host-key"],
    sudo: values.sudo,
    dialErrorLimit: dialAttempts,
  };
  return { connection: check(inputs), json: values.json === true };
}

/** `[user@]host[:port]`; an IPv6 address with a port stands in brackets. */
function splitTarget(target: string): { user?: string; host: string; port?: string } {
  const match = /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:]*)|(.*:.*:.*))(?::([^:]*))?$/.exec(target);
  if (match === null) throw new UsageError(`Expected [USER@]HOST[:PORT], got '${target}'`);
  const [, user, bracketed, plain, address, port] = match;
  return {
    host: bracketed ?? plain ?? address ?? "",
    ...(user !== undefined && { user }),
    ...(port !== undefined && { port }),
  };
}

function pickOne(name: string, inTarget: string | undefined, option: string | undefined): string | undefined {
  if (inTarget !== undefined && option !== undefined && inTarget !== option) {
    throw new UsageError(`The ${name} is ${inTarget} in the host's name and ${option} in --${name}`);
  }
  return option ?? inTarget;
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text)) throw new UsageError(`Expected a port from 1 to 65535, got '${text}'`);
  return Number(text);
}

function readKey(path: string): string {
  const text = readText(path);
  // Not shown: whoever names another file by mistake may have named one with secrets.
  if (!/PRIVATE KEY-----|^PuTTY-User-Key-File-/.test(text))
    throw new UsageError(`${path} holds no private key`);
  return text;
}

function readText(path: string): string {
  try {
    return readFileSync(expandHome(path), "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOENT" ? "there is no such file" : error instanceof Error ? error.message : String(error);
    throw new UsageError(`Could not read ${path}: ${reason}`);
  }
}

/** The same checks as for a stack's `connection`, in the words of the command line. */
function check(inputs: Record<string, unknown>): Connection {
  const connection = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
  const parsed = connectionSchema.safeParse(connection);
  const { failures } = validateInputs(connectionSchema, [], connection);
  const messages = failures.map(({ reason }) => reason);
  for (const rule of connectionCrossChecks) {
    rule({ connection }, (_path, message) => messages.push(message));
  }
  const [first] = messages;
  if (first !== undefined || !parsed.success)
    throw new UsageError(reword(first ?? "The connection is not usable"));
  return parsed.data;
}

function reword(message: string): string {
  return message.replaceAll(/`connection\.(\w+)`/g, (name, field: string) => optionOf[field] ?? name);
}
