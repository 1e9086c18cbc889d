/*
 * Firecracker on a host as the configuration declares it, so that a test changes a stack by changing its configuration.
 */
import * as pulumi from "@pulumi/pulumi";
import { FirecrackerHost, type FirecrackerHostArgs } from "pulumi-fc-agents";

type Connection = Exclude<FirecrackerHostArgs["connection"], pulumi.Output<unknown> | Promise<unknown>>;

const config = new pulumi.Config();
const firecracker = new FirecrackerHost("firecracker", {
  ...config.requireObject<Omit<FirecrackerHostArgs, "connection">>("firecracker"),
  connection: {
    ...config.requireObject<Connection>("connection"),
    privateKey: config.requireSecret("privateKey"),
  },
});

export const { firecrackerPath, jailerPath, kernelPath, kernelSha256, firecrackerVersion, status } =
  firecracker;
export const warnings = firecracker.findings.apply((findings) =>
  findings.filter(({ level }) => level !== "ok").map(({ name }) => name),
);
