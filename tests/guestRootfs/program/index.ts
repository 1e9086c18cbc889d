/*
 * An image as the configuration declares it, so that a test changes a stack by changing its configuration.
 */
import * as pulumi from "@pulumi/pulumi";
import { GuestRootfs, type GuestRootfsArgs } from "pulumi-fc-agents";

type Connection = Exclude<GuestRootfsArgs["connection"], pulumi.Output<unknown> | Promise<unknown>>;

const config = new pulumi.Config();
const rootfs = new GuestRootfs("agent", {
  ...config.requireObject<Omit<GuestRootfsArgs, "connection">>("image"),
  connection: {
    ...config.requireObject<Connection>("connection"),
    privateKey: config.requireSecret("privateKey"),
  },
});

export const { imagePath, status, contentHash, agentHash, bootArgs } = rootfs;
