/*
 * Host networks as the configuration lists them, so that a test changes a stack by changing its configuration.
 */
import * as pulumi from "@pulumi/pulumi";
import { HostNetwork, type HostNetworkArgs } from "pulumi-fc-agents";

type Connection = Exclude<HostNetworkArgs["connection"], pulumi.Output<unknown> | Promise<unknown>>;

const config = new pulumi.Config();
const connection: Connection = {
  ...config.requireObject<Connection>("connection"),
  privateKey: config.requireSecret("privateKey"),
};
const networks = Object.entries(
  config.requireObject<Record<string, Partial<HostNetworkArgs>>>("networks"),
).map(([name, args]) => [name, new HostNetwork(name, { connection, ...args })] as const);

export const links = Object.fromEntries(networks.map(([name, { linkSubnet }]) => [name, linkSubnet]));
export const faults = Object.fromEntries(networks.map(([name, network]) => [name, network.faults]));
