/*
 * Everything from a bare host to the results: a guest is booted once, and each question is answered in a clone of it,
 * in a network namespace of its own. All clones have the same address.
 */
import * as pulumi from "@pulumi/pulumi";
import { AgentSnapshot, FcAgentRun } from "pulumi-fc-agents";

const config = new pulumi.Config();

const connection = {
  host: config.require("host"),
  port: config.getNumber("port"),
  user: config.get("user"),
  privateKey: config.requireSecret("privateKey"),
  hostKey: config.get("hostKey"), // without it, ~/.ssh/known_hosts has to know the host
};

const baked = new AgentSnapshot("agent", {
  connection,
  // What is on the host already; `FirecrackerHost` and `GuestRootfs` put it there (see README.md).
  firecrackerPath: config.get("firecrackerPath"),
  jailerPath: config.get("jailerPath"),
  kernelImagePath: config.require("kernelImagePath"),
  initrdPath: config.get("initrdPath"),
  rootfsPath: config.get("rootfsPath"),
  machine: { vcpuCount: 1, memSizeMib: config.getNumber("memSizeMib") ?? 1024 },
});

const questions = config.getObject<string[]>("questions") ?? [
  "Explain in one sentence what a microVM is.",
  "Explain in one sentence what a network namespace is.",
  "Explain in one sentence what a snapshot of a virtual machine is.",
];

const runs = questions.map(
  (prompt, index) =>
    new FcAgentRun(`question-${index + 1}`, {
      connection,
      snapshot: baked,
      oauthToken: config.requireSecret("claudeToken"),
      task: { prompt, effort: "low" },
      timeoutSeconds: config.getNumber("timeoutSeconds") ?? 600,
      network: { egress: { allow: config.getObject<string[]>("allow") ?? ["api.anthropic.com:443"] } },
    }),
);

export const answers = runs.map(({ result }) => result);
export const bootSeconds = baked.bootSeconds;
