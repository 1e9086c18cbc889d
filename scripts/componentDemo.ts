/*
 * npm run demo -- --component: from a bare host to three answers at once, each in a clone of one guest, and back.
 */
import { join } from "node:path";
import { ComponentHost } from "../tests/support/componentHost";
import { repositoryFolder } from "../tests/support/findPulumi";
import { describeClones, describeDifferences } from "./describeClones";
import { DemoReport } from "./demoReport";
import { makeDemoSteps } from "./demoSteps";

const project = join(repositoryFolder, "examples", "fc-agent-run", "component");

const questions = [
  "Explain in one sentence what a microVM is.",
  "Explain in one sentence what a network namespace is.",
  "Explain in one sentence what a snapshot of a virtual machine is.",
];
const otherQuestion = "Explain in one sentence what a TAP device is.";

/** The component of the snapshot with its bake, and for each question a component with its four parts. */
const resourceCount = 2 + questions.length * 5;

const report = new DemoReport((text) => process.stdout.write(text));
let host: ComponentHost | undefined;
let isInterrupted = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void interrupt());
main().catch(fail);

async function main(): Promise<void> {
  report.say(
    "pulumi-fc-agents: the component, from a bare host to three results at once and back to nothing",
  );
  const opened = await report.step("Get a bare host, Firecracker and an empty stack ready", () =>
    ComponentHost.open(project),
  );
  if ("obstacle" in opened) throw new Error(`the demo cannot run here: ${opened.obstacle}`);
  host = opened;
  report.detail(...opened.description);
  await showComponent(opened);
  report.close();
  process.exitCode = report.faults.length === 0 ? 0 : 1;
}

async function showComponent(on: ComponentHost): Promise<void> {
  const { stack } = on;
  const { run, up } = makeDemoSteps(report, stack, () => isInterrupted);

  const bare = await on.contents();
  await on.configure({ questions });
  const preview = await run("pulumi preview: what would happen; the host is not contacted", () =>
    stack.preview(),
  );
  report.expect(preview.changes.create === resourceCount, `${resourceCount} resources would be made`);

  await up("pulumi up: bake a guest, restore three clones of it, ask each a question");
  const clones = describeClones(stack.exportState());
  report.detail(...clones.lines);
  report.expect(clones.answers.length === questions.length, "three answers are stack outputs");
  report.expect(
    clones.guests.every((guest) => guest === "172.16.0.2"),
    "all three clones had one address",
  );
  const resting = await on.contents();
  report.expect(
    resting.processes?.length === bare.processes?.length,
    "no microVM and no task server runs any more",
  );

  const again = await up("pulumi up again: nothing has changed, so nothing runs");
  report.expect(again.changes.same === resourceCount, "all resources are unchanged");

  await on.configure({ questions: [otherQuestion, ...questions.slice(1)] });
  await up("pulumi up with one other question: a fresh clone is asked, the others stay");
  report.detail(...describeClones(stack.exportState()).lines.filter((line) => line.includes(otherQuestion)));

  await run("pulumi destroy", () => stack.destroy());
  const left = await report.step("Look for what is left", () => on.contents());
  for (const [kind, differences] of Object.entries(describeDifferences(bare, left))) {
    report.expect(
      differences.length === 0,
      `${kind} as before${differences.map((text) => `; ${text}`).join("")}`,
    );
  }
  await on.close();
}

async function interrupt(): Promise<void> {
  // npm hands the terminal's Ctrl-C on, so it may come twice.
  if (isInterrupted) return;
  isInterrupted = true;
  report.say("", "", "Interrupted: cleaning up …");
  await host?.close().then(
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
  await host?.close().catch((closing: unknown) => {
    report.say(String(closing));
  });
  process.exit(1);
}
