import { createRequire } from "node:module";
import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ConnectionArgs } from "../provider/connection/connectionArgs";
import type { HostCommandArgs } from "./fcAgentRun";

/** What `remote.ConnectionArgs` knows; our connection has more, which that plugin would refuse. */
const sharedFields: readonly string[] = [
  ...["host", "port", "user", "password", "privateKey", "privateKeyPassword", "agentSocketPath"],
  ...["hostKey", "dialErrorLimit", "perDialTimeout"],
];

/** Declares a command on the host, if there is one to run; returns what depends on it may wait for. */
export function runOnHost(
  name: string,
  args: HostCommandArgs | undefined,
  connection: pulumi.Input<ConnectionArgs>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (args === undefined) return [];
  requireHostKey(name, connection);
  // Loaded here only: without commands, the plugin need not be there.
  const { remote } = createRequire(__filename)("@pulumi/command") as typeof command;
  return [new remote.Command(name, { ...args, connection: narrow(connection) }, opts)];
}

/** Without a host key that plugin takes any host for the right one, and it knows no known_hosts. */
function requireHostKey(name: string, connection: pulumi.Input<ConnectionArgs>): void {
  // What is an output as a whole cannot be looked at here.
  if (pulumi.Output.isInstance(connection) || connection instanceof Promise) return;
  if (connection.hostKey !== undefined || connection.insecureIgnoreHostKey === true) return;
  throw new TypeError(
    `Expected \`connection.hostKey\` to be given for the command ${name}: \`hostCommands\` know no known_hosts file, and would run on whatever host answers`,
  );
}

function narrow(
  connection: pulumi.Input<ConnectionArgs>,
): pulumi.Output<command.types.input.remote.ConnectionArgs> {
  return pulumi.output(connection).apply(({ proxy, ...login }) => ({
    ...pick(login),
    host: login.host,
    proxy: proxy === undefined ? undefined : { ...pick(proxy), host: proxy.host },
  }));
}

/** Only what is given: an option that is `undefined` has a default there. */
function pick(login: object): object {
  return Object.fromEntries(
    Object.entries(login).filter(([key, value]) => sharedFields.includes(key) && value !== undefined),
  );
}
