/*
 * npm run demo: the example from preview to destroy, on this machine with a stand-in agent, or on a host of one's own.
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { repositoryFolder } from "../tests/support/findPulumi";
import { PulumiStack } from "../tests/support/pulumiStack";
import { makeDemoHost, type DemoHost } from "./demoHost";
import { DemoReport } from "./demoReport";
import { makeDemoSteps } from "./demoSteps";
import { describeRun, findTimes, formatTimes, type RunTimes } from "./describeRun";

/** An interruption waits for so long for what is just being made, to take it away. */
const settleMs = 20_000;

const report = new DemoReport((text) => process.stdout.write(text));
let host: DemoHost | undefined;
let stack: PulumiStack | undefined;
let preparing: Promise<unknown> | undefined;
let isInterrupted = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void interrupt());
main().catch(fail);

async function main(): Promise<void> {
  report.say("pulumi-fc-agents: the example examples/fc-agent-run, from preview to destroy");
  const made = await report.step("Get host, guest and an empty stack ready", () => {
    const made = prepare();
    preparing = made;
    return made;
  });
  if (isInterrupted) return;
  report.detail(...made.host.description);
  const times = await showExample(made.host, made.stack);
  report.close();
  report.say(`The first run: ${formatTimes({ boot: made.host.guest?.bootMs, ...times })}.`);
  process.exitCode = report.faults.length === 0 ? 0 : 1;
}

async function prepare(): Promise<{ host: DemoHost; stack: PulumiStack }> {
  host = await makeDemoHost(process.env);
  stack = await PulumiStack.create({ project: repositoryFolder, env: host.env });
  await stack.configure({ ...host.config, prompt: host.prompts[0] });
  return { host, stack };
}

async function showExample(demoHost: DemoHost, demoStack: PulumiStack): Promise<RunTimes> {
  const { run, up } = makeDemoSteps(report, demoStack, () => isInterrupted);
  const showRun = (): { result: unknown; times: RunTimes } => {
    const { outputs } = demoStack.exportState().get("summary");
    const times = findTimes(outputs, demoHost.guest?.watch);
    report.detail(...describeRun(outputs), `times: ${formatTimes(times)}`);
    return { result: outputs.result, times };
  };
  const pid = (): unknown => demoStack.exportState().outputs.pid;
  const expectRuns = (count: number): void => {
    const runs = demoHost.countRuns();
    if (runs !== undefined)
      report.expect(runs === count, `the agent has run ${count === 1 ? "once" : "twice"}`);
  };

  const preview = await run("pulumi preview: what would happen; no host is contacted", () =>
    demoStack.preview(),
  );
  report.expect(preview.changes.create === 2, "two resources would be made");

  await up("pulumi up: deploy the task server, hand the guest its task, wait for the result");
  const first = showRun();
  const { result, patch } = await demoStack.outputs();
  report.expect(typeof result === "string" && result !== "", "the agent's result is a stack output");
  if (!demoHost.isOwn) {
    report.expect(typeof patch === "string" && patch !== "", "and so is the patch, for `git apply`");
  }
  expectRuns(1);

  const again = await up("pulumi up again: nothing has changed, so nothing runs");
  report.expect(again.changes.same === 2, "both resources are unchanged");
  expectRuns(1);

  const pidBefore = pid();
  await demoStack.configure({ prompt: demoHost.prompts[1] });
  await up("pulumi up with another prompt: the same server gets another task");
  const second = showRun();
  report.expect(pid() === pidBefore, `the server is the same process, pid ${String(pidBefore)}`);
  report.expect(second.result !== first.result, "the result is another one");
  expectRuns(2);

  await run("pulumi destroy: stop the process that was started, and remove its files", () =>
    demoStack.destroy(),
  );
  const leftovers = await report.step("Take the rest away, and look for what is left", async () => {
    demoStack.remove();
    const { files = [], ...others } = await demoHost.findLeftovers();
    return { ...others, files: [...files, ...[demoStack.folder].filter(existsSync)] };
  });
  for (const [kind, found] of Object.entries(leftovers)) {
    report.expect(found.length === 0, `${kind}: ${found.length === 0 ? "none" : found.join(", ")}`);
  }
  return first.times;
}

/** Ends what runs, and takes everything away that the demo has made; on a host of one's own by a destroy. */
async function cleanUp(): Promise<void> {
  await Promise.race([preparing?.catch(() => undefined), once(AbortSignal.timeout(settleMs), "abort")]);
  await stack?.endOperations();
  if (stack !== undefined && host?.isOwn === true) {
    await stack.cancel().catch(() => undefined);
    const destroy = await stack.destroy();
    if (destroy.exitCode !== 0) report.say(destroy.text);
  }
  await host?.remove();
  stack?.remove();
}

async function interrupt(): Promise<void> {
  // npm hands the terminal's Ctrl-C on, so it may come twice.
  if (isInterrupted) return;
  isInterrupted = true;
  report.say("", "", "Interrupted: cleaning up …");
  await cleanUp().then(
    () => {
      report.say("", "Interrupted: everything that the demo had made is removed.");
    },
    (error: unknown) => {
      report.say("", String(error));
    },
  );
  process.exit(130);
}

async function fail(error: unknown): Promise<void> {
  if (isInterrupted) return;
  report.say("", error instanceof Error ? error.message : String(error));
  await cleanUp();
  // What was made only in part still runs, an SSH server say; it ends with this process.
  process.exit(1);
}
