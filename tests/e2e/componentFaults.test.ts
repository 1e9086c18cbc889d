import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ComponentHost } from "../support/componentHost";
import { assertFailed, assertSucceeded } from "../support/deployment";
import { killNow } from "../support/faults/killNow";
import { followProgress } from "../support/followProgress";
import type { HostContents } from "../support/hostContents";
import { killPart } from "../support/killPart";
import { stateRoot } from "../support/namespace";
import { worldAddresses } from "../support/network/networkWorld";
import type { OperationResult, RunningOperation } from "../support/pulumiStack";
import {
  type Needle,
  privateKeyNeedles,
  type ProcessSampler,
  sampleProcesses,
  scanFiles,
  scanText,
  tokenNeedle,
} from "../support/secretScan";
import { waitUntil } from "../support/waitUntil";

const answer = "The stand-in agent was asked: ";
const stepTimeoutMs = 60_000;

/** The guest agent prints one such line for each task that it takes. */
const taskLine = /fc-agent: task \S+: \d+ bytes of prompt/g;

const otherBootId = "11111111-2222-4333-8444-555555555555";

const upArguments = ["--yes", "--skip-preview"];

/* One stack on one host: each test goes on where the one before has ended. */
describe("A component whose pulumi up is killed, or whose parts fail, end to end", function () {
  this.timeout(240_000);
  let host: ComponentHost;
  let bare: HostContents;
  let sampler: ProcessSampler;
  const since = Date.now() - 1000;

  before(async function () {
    host = await ComponentHost.openFor(this, join(__dirname, "programs", "faults"));
    sampler = sampleProcesses({ needles: needles() });
    bare = await host.contents();
  });
  after(async () => {
    await (sampler as ProcessSampler | undefined)?.stop();
    await (host as ComponentHost | undefined)?.close();
  });

  const needles = (): Needle[] => [
    tokenNeedle(host.token),
    ...privateKeyNeedles(host.world.connection().privateKey),
  ];
  const runOf = (name: string): Record<string, unknown> => host.outputsOf("AgentRun", name);
  const taskIds = (...names: string[]): unknown[] => names.map((name) => runOf(name).taskId);
  const results = async (): Promise<unknown> => (await host.stack.outputs()).results;

  /** Runs an `up`, and does something to it as soon as it has said something on the line of a resource. */
  async function upWhen(
    wanted: RegExp,
    act: (up: RunningOperation) => void | Promise<void>,
    name?: string,
  ): Promise<OperationResult> {
    const up = host.stack.start("up", upArguments);
    let isSaid = false;
    const stop = followProgress(up.eventLog, (message) => {
      if (wanted.test(message.text) && (name ?? message.name) === message.name) isSaid = true;
    });
    try {
      await waitUntil(`${String(wanted)} is said`, () => isSaid, stepTimeoutMs);
      await act(up);
    } finally {
      stop();
    }
    return up.result;
  }

  async function killWhen(wanted: RegExp): Promise<void> {
    await upWhen(wanted, (up) => killPart(up, "the CLI"));
    await host.stack.cancel();
  }

  /** How many tasks a microVM's guest has taken since it was started. */
  function countTasks(name: string): number {
    const folder = join(stateRoot, "vms", String(host.outputsOf("MicroVm", name).vmId));
    const log = join(folder, "serial.log");
    return existsSync(log) ? (readFileSync(log, "utf8").match(taskLine)?.length ?? 0) : 0;
  }

  const steps = {
    "while networks are made": /making devices/,
    "while the guest of a bake boots": /on the serial console/,
    "while a snapshot is written": /Writing \d+ MiB of memory/,
    "while clones are restored": /^Restoring/,
    "while agents run": /^running/,
  };
  // The only name server of this world: the default ones would not answer.
  const agent = { network: { resolvers: [worldAddresses.dns] } };
  // Longer than it takes to start a killed `up` again.
  const work = { one: { task: { prompt: "one\n@hang 7" } }, two: { task: { prompt: "two\n@hang 7" } } };
  const answers = { one: `${answer}one`, two: `${answer}two` };

  for (const when of [
    "while networks are made",
    "while a snapshot is written",
    "while agents run",
  ] as const) {
    it(`leaves nothing when it is killed ${when} and destroyed at once`, async () => {
      await host.configure({ snapshots: { agent }, runs: work });
      await killWhen(steps[when]);
      assertSucceeded(await host.stack.destroy());
      assert.deepEqual(await host.contents(), bare);
    });
  }

  it("finishes with the next up what was killed at each step, and no agent runs twice", async () => {
    for (const step of Object.values(steps)) await killWhen(step);
    assertSucceeded(await host.stack.up());
    assert.deepEqual(await results(), answers);
    for (const name of ["one", "two"]) assert.deepEqual([runOf(name).attempts, countTasks(name)], [1, 1]);
    assert.deepEqual((await host.contents()).processes, bare.processes);
    const preview = await host.stack.preview();
    assert.deepEqual(Object.keys(preview.changes), ["same"], preview.text);
  });

  it("tells each fault once, with its cause, and leaves nothing half-done", async () => {
    const { processes, namespaces } = await host.contents();
    const noElf = join(__dirname, "programs", "faults", "Pulumi.yaml");
    await host.configure({
      snapshots: {
        agent,
        unready: { readyText: "never said", bootTimeoutSeconds: 4 },
        "no-kernel": { kernelImagePath: "/nonexistent/vmlinux" },
        "no-elf": { kernelImagePath: noElf },
        "no-firecracker": { firecrackerPath: "/nonexistent/firecracker" },
      },
      runs: {
        ...work,
        "no-name": { network: { egress: { allow: ["nowhere.invalid:443"] } } },
        "boots-no-elf": { boot: { kernelImagePath: noElf } },
      },
    });
    const up = await host.stack.up("--continue-on-error");
    for (const message of [
      /SnapshotBake \(unready\): error: The guest did not become ready on \S+: the microVM \S+ has not printed 'never said' within 4 s\. Raise `bootTimeoutSeconds`, or correct `readyText`;.* Last lines of the log:.* fc-agent: asking http/,
      /SnapshotBake \(no-kernel\): error: Could not start the microVM on \S+: \/nonexistent\/vmlinux \(`bootSource.kernelImagePath`\) cannot be used: no such file/,
      /SnapshotBake \(no-elf\): error: .*Invalid ELF magic number/,
      /SnapshotBake \(no-firecracker\): error: .*there is no program \/nonexistent\/firecracker \(`firecrackerPath`\)/,
      /HostNetwork \(no-name\): error: Could not make the network on \S+: the name nowhere\.invalid has no address/,
      /AgentRun \(boots-no-elf\): error: .*Invalid ELF magic number/,
    ]) {
      assertFailed(up, message);
    }
    const told = [...up.text.matchAll(/dynamic\/fc-agents:\w+ \(([\w-]+)\):/g)].map(([, name]) => name);
    const faulty = ["boots-no-elf", "no-elf", "no-firecracker", "no-kernel", "no-name", "unready"];
    assert.deepEqual(told.sort(), faulty, up.text);
    const after = await host.contents();
    assert.deepEqual(after.processes, processes);
    // The network and the microVM of the run that did not boot are there, and wait for its correction.
    assert.equal(after.namespaces?.length, (namespaces?.length ?? 0) + 1);
  });

  it("makes no network on a host without a default route, says so, and goes on with a corrected program", async () => {
    await host.configure({
      snapshots: { agent },
      runs: { ...work, three: { network: { egress: "internet" } } },
    });
    await host.world.ip("route", "delete", "default");
    try {
      assertFailed(await host.stack.up(), /HostNetwork \(three\): error: .*there is no default route/);
    } finally {
      await host.world.ip("route", "add", "default", "via", worldAddresses.internet);
    }
    const up = await host.stack.up();
    assertSucceeded(up);
    assert.equal(runOf("three").result, `${answer}three`);
    assert.equal(up.operationsByClass["MicroVm boots-no-elf"], "delete");
  });

  it("keeps a failure as the result where it is told to, else runs again, and never touches the others", async () => {
    const bad = { task: { prompt: "@fail 3" } };
    const before = taskIds("one", "two", "three");
    const others = { ...work, three: { network: { egress: "internet" } } };
    await host.configure({ runs: { ...others, bad } });
    const ids = new Set<unknown>();
    for (const attempt of ["first", "second"]) {
      assertFailed(
        await host.stack.up(),
        /AgentRun \(bad\): error: .*The run of task \S+ in guest .* failed/,
      );
      ids.add(runOf("bad").taskId);
      assert.deepEqual((await host.contents()).processes, bare.processes, attempt);
    }
    assert.equal(ids.size, 2);
    await host.configure({ runs: { ...others, bad: { ...bad, failOnAgentError: false } } });
    assertSucceeded(await host.stack.up());
    const { status, exitCode, taskId } = runOf("bad");
    assert.deepEqual(
      { status, exitCode, isOfBefore: ids.has(taskId) },
      { status: "failed", exitCode: 3, isOfBefore: true },
    );
    assert.deepEqual(taskIds("one", "two", "three"), before);
  });

  it("removes exactly the parts of the runs that are no longer declared", async () => {
    const { namespaces } = await host.contents();
    await host.configure({ runs: work });
    const up = await host.stack.up();
    assertSucceeded(up);
    const deleted = Object.entries(up.operationsByClass).filter(([, operation]) => operation !== "same");
    const kinds = ["AgentRun", "FcAgentRun", "FcTaskServer", "HostNetwork", "MicroVm"];
    assert.deepEqual(
      deleted.sort(),
      kinds.flatMap((kind) => ["bad", "three"].map((name) => [`${kind} ${name}`, "delete"])),
    );
    assert.equal((await host.contents()).namespaces?.length, (namespaces?.length ?? 0) - 2);
  });

  it("touches nothing when only `dialErrorLimit` changes", async () => {
    const connections = host.world.sshd.countConnections();
    await host.configure({ dialErrorLimit: 7 });
    assertSucceeded(await host.stack.up());
    assert.equal(host.world.sshd.countConnections(), connections);
  });

  it("bakes anew and keeps the results: no agent runs for another snapshot, nor for another name", async () => {
    const before = taskIds("one", "two");
    await host.configure({
      snapshots: { agent: { ...agent, triggers: ["another"] } },
      runs: { one: work.one, renamed: { ...work.two, formerName: "two" } },
    });
    const preview = await host.stack.preview();
    const up = await host.stack.up();
    assertSucceeded(up);
    for (const { operationsByClass } of [preview, up]) {
      const of = (...names: string[]): (string | undefined)[] => names.map((name) => operationsByClass[name]);
      assert.deepEqual(of("SnapshotBake agent", "MicroVm one", "AgentRun one", "HostNetwork one"), [
        "replace",
        "replace",
        "update",
        "same",
      ]);
      assert.deepEqual(of("AgentRun renamed", "AgentRun two"), ["update", undefined]);
    }
    assert.deepEqual(taskIds("one", "renamed"), before);
    for (const name of ["one", "renamed"]) assert.equal(countTasks(name), 0);
    const kept = { one: work.one, renamed: { ...work.two, formerName: "two" } };
    await host.configure({ runs: kept });
    assert.deepEqual(Object.keys((await host.stack.preview()).changes), ["same"]);
  });

  it("starts a microVM that is kept anew when it has ended between two runs", async () => {
    const runs = { one: work.one };
    await host.configure({ runs: { ...runs, kept: { keepAlive: true } } });
    assertSucceeded(await host.stack.up());
    const pid = host.readVmPid("kept");
    process.kill(pid, "SIGKILL");
    await host.configure({ runs: { ...runs, kept: { keepAlive: true, task: { prompt: "another" } } } });
    assertSucceeded(await host.stack.up());
    assert.equal(runOf("kept").result, `${answer}another`);
    assert.notEqual(host.readVmPid("kept"), pid);
  });

  it("delivers a task again in the same up when its microVM is killed and `maxAttempts` allows it", async () => {
    const task = { prompt: "again\n@hang 3", maxAttempts: 2 };
    await host.configure({ runs: { one: work.one, kept: { keepAlive: true, task } } });
    const kill = (): void => {
      process.kill(host.readVmPid("kept"), "SIGKILL");
    };
    assertSucceeded(await upWhen(/^running/, kill, "kept"));
    const { result, attempts } = runOf("kept");
    assert.deepEqual({ result, attempts }, { result: `${answer}again`, attempts: 2 });
  });

  it("brings networks and what is kept back on a host that was rebooted, and runs nothing again", async () => {
    const before = taskIds("one", "kept");
    await reboot();
    assertSucceeded(await host.stack.refresh());
    assert.equal(host.outputsOf("HostNetwork", "one").status, "absent");
    assertSucceeded(await host.stack.up());
    assert.equal(host.outputsOf("HostNetwork", "one").status, "ready");
    assert.equal(host.outputsOf("MicroVm", "kept").status, "running");
    assert.equal(host.outputsOf("FcTaskServer", "kept").status, "running");
    assert.deepEqual(taskIds("one", "kept"), before);
    assert.equal(countTasks("kept"), 0);
  });

  it("has shown neither token nor key", async () => {
    const { samples, findings } = await sampler.stop();
    assert.ok(samples > 50, `looked at the processes ${samples} times only`);
    const folders = [stateRoot, tmpdir(), "/var/tmp", "/run", "/var/log", join(homedir(), ".local")];
    const { sshd } = host.world;
    assert.deepEqual(
      [
        ...findings,
        ...scanText(needles(), "the CLI's output", host.stack.transcript),
        ...scanText(needles(), "sshd's log", sshd.log()),
        ...scanFiles(needles(), folders, { since, except: [sshd.folder] }),
      ],
      [],
    );
  });

  it("leaves nothing after a destroy on a host that was rebooted", async () => {
    await reboot();
    assertSucceeded(await host.stack.destroy());
    assert.deepEqual(await host.contents(), bare);
  });

  /** Leaves of the stack what a reboot does: files, with the pids of another boot in them. */
  async function reboot(): Promise<void> {
    const { processes, files = [], links } = await host.contents();
    const ofWorld = new Set(bare.processes);
    killNow(
      (processes ?? []).filter((line) => !ofWorld.has(line)).map((line) => Number(line.split(" ").at(-1))),
    );
    const own = host.stack.exportState().resources.map(({ inputs }) => inputs.netns);
    for (const link of links ?? []) if (link.startsWith("fcv")) await host.world.ip("link", "delete", link);
    for (const netns of new Set(own.filter((name) => typeof name === "string")))
      await host.world.run(["ip", "netns", "delete", netns]);
    await host.world.run(["nft", "flush", "ruleset"]);
    await host.world.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"]);
    for (const folder of files) markAsOfOtherBoot(join(stateRoot, folder));
  }
});

function markAsOfOtherBoot(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".pid"))) {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/("bootId": ?)"[^"]*"/, `$1"${otherBootId}"`));
  }
}
