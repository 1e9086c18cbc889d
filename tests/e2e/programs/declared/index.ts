/*
 * Task servers and runs as the configuration lists them, so that a test changes a stack by changing its configuration.
 */
import * as pulumi from "@pulumi/pulumi";
import { AgentRun, FcTaskServer, type AgentRunArgs, type FcTaskServerArgs } from "pulumi-fc-agents";

type Connection = Exclude<FcTaskServerArgs["connection"], pulumi.Output<unknown> | Promise<unknown>>;
type Servers = Record<
  string,
  Partial<Omit<FcTaskServerArgs, "connection">> & { connection?: Partial<Connection> }
>;
type Runs = Record<string, { server: string } & Omit<AgentRunArgs, "server">>;

const config = new pulumi.Config();
const connection: Connection = {
  ...config.requireObject<Connection>("connection"),
  privateKey: config.requireSecret("privateKey"),
};
const servers: Record<string, FcTaskServer> = {};
const runs: Record<string, AgentRun> = {};

for (const [name, { connection: other, ...args }] of Object.entries(
  config.requireObject<Servers>("servers"),
)) {
  servers[name] = new FcTaskServer(name, {
    connection: { ...connection, ...other },
    oauthToken: config.requireSecret("claudeToken"),
    ...args,
  });
}
for (const [name, { server, ...args }] of Object.entries(config.getObject<Runs>("runs") ?? {})) {
  const chosen = servers[server];
  if (chosen === undefined) throw new Error(`no server ${server}`);
  runs[name] = new AgentRun(name, { server: chosen, ...args });
}

export const results = Object.fromEntries(Object.entries(runs).map(([name, { result }]) => [name, result]));
