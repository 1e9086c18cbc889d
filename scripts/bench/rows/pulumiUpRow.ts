import { join } from "node:path";
import { repositoryFolder } from "../../../tests/support/findPulumi";
import { PulumiStack } from "../../../tests/support/pulumiStack";
import { Secret } from "../../../tests/support/stackConfig";
import type { Bench } from "../bench";
import type { BenchRow } from "../benchRow";
import { guestTask, startGuests } from "../startGuests";
import { figure, formatMs, median } from "../statistics";
import type { Defer } from "../undo";

const budgetRatio = 1.2;
/** A pair takes twelve seconds, with the destroys. */
const repetitions = 5;

/** The whole of `pulumi up`, beside a program of as many dynamic resources that do nothing. */
export function measurePulumiUp(bench: Bench): Promise<BenchRow[]> {
  return bench.undo.around(async (defer) => {
    startGuests(defer, bench.host.link);
    const ours = await makeStack(bench, defer, repositoryFolder);
    const noOp = await makeStack(bench, defer, join(__dirname, "..", "programs", "no-op"));
    const times: { ours: number[]; noOp: number[] } = { ours: [], noOp: [] };
    for (let index = 0; index < repetitions; index += 1) {
      bench.say(`pulumi up: ${index + 1} of ${repetitions}`);
      times.noOp.push(await timeUp(noOp));
      times.ours.push(await timeUp(ours));
    }
    const ratios = times.ours.map((time, index) => time / (times.noOp[index] ?? NaN));
    const ratio = median(ratios);
    return [
      {
        what: "whole `pulumi up`, beside a program of no-op resources",
        reference: `no-op program: ${formatMs(median(times.noOp))}`,
        ours: `${formatMs(median(times.ours))}, ${ratio.toFixed(2)} ×`,
        budget: `≤ ${budgetRatio} ×`,
        isMet: ratio <= budgetRatio,
        remarks:
          `${repetitions} times each, alternately, with --skip-preview and PULUMI_NODEJS_TRANSPILE_ONLY; ` +
          "the example with two resources, and two that do nothing; not compared with ssh",
        figures: {
          ours: figure("ms", times.ours),
          noOp: figure("ms", times.noOp),
          ratio: figure("ratio", ratios),
        },
      },
    ];
  });
}

/** A stack with the configuration of the example. */
export async function makeStack({ host }: Bench, defer: Defer, project: string): Promise<PulumiStack> {
  const stack = await PulumiStack.create({ project });
  defer(async () => {
    await stack.endOperations();
    stack.remove();
  });
  const { privateKey, ...login } = host.sshd.connection();
  const { netns, tapIp, tapPort } = host.link;
  await stack.configure({
    ...{ ...login, netns, tapIp, tapPort },
    privateKey: new Secret(privateKey),
    claudeToken: new Secret("sk-ant-bench"),
    prompt: guestTask({}).prompt,
  });
  return stack;
}

/** The time of an `up` that makes everything; what it made is taken away again. */
export async function timeUp(stack: PulumiStack, ...args: string[]): Promise<number> {
  const up = await stack.up(...args);
  if (up.exitCode !== 0) throw new Error(`pulumi up failed:\n${up.text}`);
  const destroy = await stack.destroy();
  if (destroy.exitCode !== 0) throw new Error(`pulumi destroy failed:\n${destroy.text}`);
  return up.durationMs;
}
