/*
 * npm run demo: the example from preview to destroy, on this machine with a stand-in agent, or on a host of one's own.
 */
import { existsSync } from "node:fs";
import { repositoryFolder } from "../tests/support/findPulumi";
import { PulumiStack, type OperationResult } from "../tests/support/pulumiStack";
import { makeDemoHost, type DemoHost } from "./demoHost";
import { DemoReport } from "./demoReport";
import { essentialLines } from "./essentialLines";

const questions = [
  "Explain in one sentence what a microVM is.",
  "Explain in one sentence what a network namespace is.",
] as const;

const report = new DemoReport((text) => process.stdout.write(text));
let host: DemoHost | undefined;
let stack: PulumiStack | undefined;
let isInterrupted = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void interrupt());
main().catch(fail);

async function main(): Promise<void> {
  report.say("pulumi-fc-agents: the example examples/fc-agent-run, from preview to destroy");
  const made = await report.step("Get host, guest and an empty stack ready", prepare);
  report.detail(...made.host.description);
  await showExample(made.host, made.stack);
  report.close();
  process.exitCode = report.faults.length === 0 ? 0 : 1;
}

async function prepare(): Promise<{ host: DemoHost; stack: PulumiStack }> {
  host = await makeDemoHost(process.env);
  stack = await PulumiStack.create({ project: repositoryFolder, env: host.env });
  await stack.configure({ ...host.config, prompt: questions[0] });
  return { host, stack };
}

async function showExample(demoHost: DemoHost, demoStack: PulumiStack): Promise<void> {
  const run = async (title: string, work: () => Promise<OperationResult>): Promise<OperationResult> => {
    const result = await report.step(title, work);
    // The interruption cleans up and ends the process; nothing goes on meanwhile.
    if (isInterrupted) await new Promise(() => undefined);
    report.detail(...essentialLines(result));
    if (result.exitCode !== 0)
      report.expect(false, `pulumi succeeds, and ended with exit code ${String(result.exitCode)}`);
    return result;
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

  await run("pulumi up: deploy the task server, hand the guest its task, wait for the result", () =>
    demoStack.up(),
  );
  const { result } = await demoStack.outputs();
  report.expect(typeof result === "string" && result !== "", "the agent's result is a stack output");
  expectRuns(1);

  const again = await run("pulumi up again: nothing has changed, so nothing runs", () => demoStack.up());
  report.expect(again.changes.same === 2, "both resources are unchanged");
  expectRuns(1);

  const pidBefore = pid();
  await demoStack.configure({ prompt: questions[1] });
  await run("pulumi up with another prompt: the same server gets another task", () => demoStack.up());
  report.expect(pid() === pidBefore, `the server is the same process, pid ${String(pidBefore)}`);
  report.expect(demoStack.exportState().outputs.result !== result, "the result is another one");
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
}

/** Ends what runs, and takes everything away that the demo has made; on a host of one's own by a destroy. */
async function cleanUp(): Promise<void> {
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
  process.exitCode = 1;
}
