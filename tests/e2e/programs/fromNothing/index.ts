/*
 * Each resource there is: Firecracker and a kernel are brought to the host, an image is built, a guest is booted from it
 * once, and each prompt is answered in a clone of that guest, in a network of its own.
 */
import * as pulumi from "@pulumi/pulumi";
import {
  AgentSnapshot,
  FcAgentRun,
  FirecrackerHost,
  GuestRootfs,
  type ConnectionArgs,
  type GuestRootfsArgs,
  type TaskArgs,
} from "pulumi-fc-agents";

const config = new pulumi.Config();

const connection = {
  host: config.require("host"),
  port: config.getNumber("port"),
  user: config.get("user"),
  privateKey: config.requireSecret("privateKey"),
  hostKey: config.get("hostKey"),
};

const firecracker = new FirecrackerHost("firecracker", {
  connection,
  source: { firecracker: config.require("firecrackerPath"), jailer: config.require("jailerPath") },
  kernel: { file: config.require("kernelImagePath") },
  requireKvm: false,
});

// The same host by another way in: what the image is built from is not to be had in the test's own little internet.
const image = new GuestRootfs("image", {
  ...config.requireObject<Omit<GuestRootfsArgs, "connection">>("image"),
  connection: {
    ...config.requireObject<ConnectionArgs>("builder"),
    privateKey: config.requireSecret("builderKey"),
  },
});

const baked = new AgentSnapshot("agent", {
  connection,
  host: firecracker,
  rootfs: image,
  initrdPath: config.require("initrdPath"),
  bootArgs: pulumi.interpolate`${image.bootArgs} fc_agents.claude=${config.require("agentProgram")}`,
  machine: { vcpuCount: 1, memSizeMib: config.requireNumber("memSizeMib") },
  network: { resolvers: config.requireObject<string[]>("resolvers") },
});

const runs = Object.entries(config.requireObject<Record<string, TaskArgs>>("tasks")).map(
  ([name, task]) =>
    new FcAgentRun(name, {
      connection,
      snapshot: baked,
      oauthToken: config.requireSecret("claudeToken"),
      task,
      timeoutSeconds: config.requireNumber("timeoutSeconds"),
      network: { egress: { allow: config.requireObject<string[]>("allow") } },
    }),
);

export const answers = pulumi.all(runs.map(({ result }) => result));
export const bootSeconds = baked.bootSeconds;
export const { imagePath, contentHash, agentHash, status: imageStatus } = image;
export const { firecrackerPath, jailerPath, kernelPath } = firecracker;
export const { snapshotPath } = baked;
