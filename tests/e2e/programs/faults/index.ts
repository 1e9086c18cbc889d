/*
 * Snapshots and runs as the configuration names them, so that a test can spoil any of them.
 */
import * as pulumi from "@pulumi/pulumi";
import { AgentSnapshot, type AgentSnapshotArgs, FcAgentRun, type FcAgentRunArgs } from "pulumi-fc-agents";

/** A run; with `boot` its guest is booted, else it is a clone of the snapshot of that name. */
interface RunConfig extends Partial<Omit<FcAgentRunArgs, "snapshot">> {
  snapshot?: string;
  /** The name that the run had before. */
  formerName?: string;
}

const config = new pulumi.Config();

const connection = {
  host: config.require("host"),
  port: config.getNumber("port"),
  user: config.get("user"),
  privateKey: config.requireSecret("privateKey"),
  hostKey: config.get("hostKey"),
  dialErrorLimit: config.getNumber("dialErrorLimit"),
};
const boot = {
  firecrackerPath: config.get("firecrackerPath"),
  jailerPath: config.get("jailerPath"),
  kernelImagePath: config.require("kernelImagePath"),
  initrdPath: config.get("initrdPath"),
  machine: { vcpuCount: 1, memSizeMib: 192 },
};

const snapshots = new Map(
  Object.entries(config.requireObject<Record<string, Partial<AgentSnapshotArgs>>>("snapshots")).map(
    ([name, args]) => [name, new AgentSnapshot(name, { connection, ...boot, ...args })],
  ),
);

const results: Record<string, pulumi.Output<string>> = {};
for (const [name, run] of Object.entries(config.requireObject<Record<string, RunConfig>>("runs"))) {
  const { snapshot = "agent", formerName, boot: ownBoot, task = { prompt: name }, network, ...args } = run;
  const { result } = new FcAgentRun(
    name,
    {
      connection,
      oauthToken: config.requireSecret("claudeToken"),
      task,
      timeoutSeconds: 100,
      network: { egress: "none", ...network },
      ...(ownBoot === undefined ? { snapshot: snapshots.get(snapshot) } : { boot: { ...boot, ...ownBoot } }),
      ...args,
    },
    formerName === undefined ? {} : { aliases: [{ name: formerName }] },
  );
  results[name] = result;
}

export { results };
