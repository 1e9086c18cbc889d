/*
 * The main job: a task server on a microVM's TAP address, and the result of its task as a stack output. The microVM
 * stands next to it; here it is expected to run and to poll the server.
 */
import * as pulumi from "@pulumi/pulumi";
import { AgentRun, FcTaskServer } from "pulumi-fc-agents";

const config = new pulumi.Config();

const server = new FcTaskServer("agent-1", {
  connection: {
    host: config.require("host"),
    port: config.getNumber("port"),
    user: config.get("user"),
    privateKey: config.requireSecret("privateKey"),
    hostKey: config.get("hostKey"), // without it, ~/.ssh/known_hosts has to know the host
  },
  tapIp: config.get("tapIp"),
  tapPort: config.getNumber("tapPort"),
  netns: config.get("netns"),
  oauthToken: config.requireSecret("claudeToken"),
  task: {
    prompt: config.get("prompt") ?? "Summarise the README of this repository in three sentences.",
    gitRepoUrl: config.get("gitRepoUrl"),
    effort: "low",
  },
});

const run = new AgentRun("summary", { server, timeoutSeconds: config.getNumber("timeoutSeconds") ?? 600 });

export const url = server.url;
export const pid = server.pid;
export const result = run.result;
export const costUsd = run.costUsd;
export const patch = run.patch; // what the agent changed in the repository, for `git apply`
export const durationSeconds = run.durationSeconds;
