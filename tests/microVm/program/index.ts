/*
 * A microVM as the configuration declares it, so that a test changes a stack by changing its configuration.
 */
import * as pulumi from "@pulumi/pulumi";
import { MicroVm, type MicroVmArgs } from "pulumi-fc-agents";

type Connection = Exclude<MicroVmArgs["connection"], pulumi.Output<unknown> | Promise<unknown>>;

const config = new pulumi.Config();
const vm = new MicroVm("vm", {
  ...config.requireObject<Omit<MicroVmArgs, "connection">>("vm"),
  mmds: { data: { token: config.requireSecret("guestToken") } },
  connection: {
    ...config.requireObject<Connection>("connection"),
    privateKey: config.requireSecret("privateKey"),
  },
});

export const { status, vmId, pid, serialLogPath } = vm;
