import * as z from "zod";
import type { HostContents } from "../tests/support/hostContents";
import type { StackState } from "../tests/support/stackState";

const runSchema = z.object({
  result: z.string(),
  guest: z.string(),
  queuedAt: z.string(),
  claimedAt: z.string(),
  finishedAt: z.string(),
});
const bakeSchema = z.object({ bootSeconds: z.number(), sizeBytes: z.number() });

/** What a stack of clones has come to, for people. */
export interface ClonesDescription {
  readonly lines: readonly string[];
  readonly answers: readonly string[];
  readonly guests: readonly string[];
}

/** Describes the bake and each run: its answer, and how long its parts took, all by the host's clock. */
export function describeClones(state: StackState): ClonesDescription {
  const runs = state.resources
    .filter(({ type }) => type.endsWith(":AgentRun"))
    .sort((one, other) => one.urn.localeCompare(other.urn));
  const described = runs.map(({ urn, outputs }) => {
    const { result, guest, queuedAt, claimedAt, finishedAt } = runSchema.parse(outputs);
    const seconds = (from: string, to: string): string =>
      `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(2)} s`;
    const times = `restored and asking after ${seconds(queuedAt, claimedAt)}, answered after ${seconds(queuedAt, finishedAt)}`;
    return { result, guest, line: `${urn.split("::").at(-1) ?? ""}: ${JSON.stringify(result)} (${times})` };
  });
  const bakes = state.resources
    .filter(({ type }) => type.endsWith(":SnapshotBake"))
    .map(({ outputs }) => {
      const { bootSeconds, sizeBytes } = bakeSchema.parse(outputs);
      return `baked: the guest booted in ${bootSeconds.toFixed(1)} s; its snapshot takes ${Math.round(sizeBytes / 1024 ** 2)} MiB`;
    });
  return {
    lines: [...bakes, ...described.map(({ line }) => line)],
    answers: described.map(({ result }) => result),
    guests: described.map(({ guest }) => guest),
  };
}

/** What was not there before, and what is not there any more, by kind. */
export function describeDifferences(before: HostContents, after: HostContents): Record<string, string[]> {
  return Object.fromEntries(
    Object.keys(before).map((kind) => {
      const [old = [], now = []] = [before[kind], after[kind]];
      const added = now.filter((name) => !old.includes(name)).map((name) => `left: ${name}`);
      const gone = old.filter((name) => !now.includes(name)).map((name) => `gone: ${name}`);
      return [kind, [...added, ...gone]];
    }),
  );
}
