/*
 * One run in a microVM that is booted, and what becomes of microVM and task server afterwards.
 */
import * as pulumi from "@pulumi/pulumi";
import { FcAgentRun, type FcAgentRunArgs } from "pulumi-fc-agents";

const config = new pulumi.Config();

const run = new FcAgentRun("only", {
  connection: {
    host: config.require("host"),
    port: config.getNumber("port"),
    user: config.get("user"),
    privateKey: config.requireSecret("privateKey"),
    hostKey: config.get("hostKey"),
  },
  oauthToken: config.requireSecret("claudeToken"),
  boot: {
    firecrackerPath: config.get("firecrackerPath"),
    jailerPath: config.get("jailerPath"),
    jailer: config.getBoolean("jailer") === false ? false : undefined,
    kernelImagePath: config.require("kernelImagePath"),
    initrdPath: config.get("initrdPath"),
    machine: { vcpuCount: 1, memSizeMib: 256 },
  },
  keepAlive: config.getBoolean("keepAlive"),
  network: { egress: "none" },
  ...config.requireObject<Pick<FcAgentRunArgs, "task" | "timeoutSeconds">>("run"),
});

export const result = run.result;
export const guest = run.run.guest;
export const pid = run.microVm.pid;
export const status = run.microVm.status;
