import type { dynamic } from "@pulumi/pulumi";

/** The resources that have a lifecycle, by the name of their class. */
export type LifecycleName =
  | "FcTaskServer"
  | "AgentRun"
  | "HostNetwork"
  | "FirecrackerHost"
  | "GuestRootfs"
  | "MicroVm"
  | "Snapshot"
  | "SnapshotBake";

/**
 * What a resource does at each step of its life. Pulumi hands over plain JSON values whose shape depends on who
 * wrote the state, so each method takes `unknown` and checks what it gets.
 */
export interface Lifecycle {
  check(olds: unknown, news: unknown): Promise<dynamic.CheckResult>;
  diff(id: string, olds: unknown, news: unknown): Promise<dynamic.DiffResult>;
  create(inputs: unknown): Promise<dynamic.CreateResult>;
  read(id: string, props: unknown): Promise<dynamic.ReadResult>;
  update(id: string, olds: unknown, news: unknown): Promise<dynamic.UpdateResult>;
  delete(id: string, props: unknown): Promise<void>;
}
