import { join } from "node:path";
import { ComponentHost } from "../../../tests/support/componentHost";
import { repositoryFolder } from "../../../tests/support/findPulumi";
import type { PulumiStack } from "../../../tests/support/pulumiStack";
import type { Bench } from "../bench";
import type { BenchRow } from "../benchRow";
import { figure, formatMs, median } from "../statistics";
import { makeStack } from "./pulumiUpRow";

const repetitions = 5;
/** The bake, and for each of three questions network, task server, microVM and run. */
const resourceCount = 1 + 3 * 4;

/** A `pulumi up` of the component that has nothing to do, beside one of as many dynamic resources that do nothing. */
export function measureComponentUp(bench: Bench): Promise<BenchRow[]> {
  return bench.undo.around(async (defer) => {
    const host = await ComponentHost.open(join(repositoryFolder, "examples", "fc-agent-run", "component"));
    if ("obstacle" in host) {
      bench.say(`component: skipped, since ${host.obstacle}`);
      return [];
    }
    defer(() => host.close());
    bench.say("component: from a bare host to three results");
    await host.configure({ questions: ["one", "two", "three"] });
    const fromNothing = await timeUp(host.stack);
    const noOp = await makeStack(bench, defer, join(__dirname, "..", "programs", "no-op"));
    await noOp.configure({ count: resourceCount - 1 });
    await timeUp(noOp);
    const times: { ours: number[]; noOp: number[] } = { ours: [], noOp: [] };
    for (let index = 0; index < repetitions; index += 1) {
      bench.say(`component: an up without a change, ${index + 1} of ${repetitions}`);
      times.noOp.push(await timeUp(noOp));
      times.ours.push(await timeUp(host.stack));
    }
    const ratios = times.ours.map((time, index) => time / (times.noOp[index] ?? NaN));
    return [
      {
        what: "`pulumi up` without a change: a baked guest and three runs in clones of it",
        reference: `no-op program: ${formatMs(median(times.noOp))}`,
        ours: `${formatMs(median(times.ours))}, ${median(ratios).toFixed(2)} ×`,
        budget: "–",
        remarks:
          `${repetitions} times each, alternately; ${resourceCount} resources each, ours in four components; the first ` +
          `\`up\`, from the bare host to the three results, took ${formatMs(fromNothing)}; not compared with ssh`,
        figures: {
          ours: figure("ms", times.ours),
          noOp: figure("ms", times.noOp),
          ratio: figure("ratio", ratios),
          fromNothing: figure("ms", [fromNothing]),
        },
      },
    ];
  });
}

async function timeUp(stack: PulumiStack): Promise<number> {
  const up = await stack.up();
  if (up.exitCode !== 0) throw new Error(`pulumi up failed:\n${up.text}`);
  return up.durationMs;
}
