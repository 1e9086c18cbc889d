/*
 * A microVM, a snapshot of it, and a clone, as the configuration declares them.
 */
import * as pulumi from "@pulumi/pulumi";
import { MicroVm, type MicroVmArgs, Snapshot, type SnapshotArgs } from "pulumi-fc-agents";

type Connection = Exclude<MicroVmArgs["connection"], pulumi.Output<unknown> | Promise<unknown>>;

const config = new pulumi.Config();
const connection = {
  ...config.requireObject<Connection>("connection"),
  privateKey: config.requireSecret("privateKey"),
};
const { firecrackerPath, jailer, ...machine } =
  config.requireObject<Omit<MicroVmArgs, "connection">>("microVm");

const microVm = new MicroVm("origin", { connection, firecrackerPath, jailer, ...machine });
const snapshot = new Snapshot("warm", {
  microVm,
  ...config.getObject<Omit<SnapshotArgs, "microVm">>("snapshot"),
});
const clone = new MicroVm("clone", {
  connection,
  firecrackerPath,
  jailer,
  restore: {
    snapshotPath: snapshot.snapshotPath,
    memBackend: { type: "File", path: snapshot.memoryPath },
  },
});

export const { status, folder, createdAt, sizeBytes } = snapshot;
export const cloneLog = clone.serialLogPath;
export const clonePid = clone.pid;
export const originPid = microVm.pid;
export const originStatus = microVm.status;
