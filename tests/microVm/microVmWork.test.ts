import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newInstanceId } from "../../provider/hostResource/createHostLifecycle";
import { microVmSchema, type MicroVmInputs } from "../../provider/microVm/microVmContract";
import { observeVm, removeVm, startVm, stopVm, waitForVmEnd } from "../../provider/microVm/microVmWork";
import { startArguments } from "../../provider/microVm/vmArguments";
import { runHostProgram } from "../../provider/hostProgram/runHostProgram";
import { catchError } from "../support/catchError";
import { waitUntil } from "../support/waitUntil";
import { isAlive } from "./testedVm";
import { VmHost } from "./vmHost";

/* What an AgentRun and a bake do with a VM that is theirs to start and stop. */
for (const [way, configLines] of [
  ["over forwarded sockets", []],
  ["over exec channels, where sshd forwards no sockets", ["AllowStreamLocalForwarding no"]],
] as const) {
  describe(`The work on a microVM ${way}`, function () {
    this.timeout(240_000);
    let host: VmHost;
    let inputs: MicroVmInputs;
    let instanceId: string;

    before(async function () {
      host = await VmHost.open(this, { configLines });
    });
    beforeEach(() => {
      inputs = microVmSchema.parse(host.inputs({ state: "on-demand" }));
      instanceId = newInstanceId();
    });
    afterEach(() => host.withHost((on) => removeVm(on, inputs, instanceId)));
    after(() => (host as VmHost | undefined)?.close());

    it("starts a VM once, leaves it when it runs, and resumes it when it is paused", async () => {
      await host.withHost(async (on) => {
        const steps: string[] = [];
        const first = await startVm(on, inputs, instanceId, (text) => steps.push(text));
        assert.deepEqual(steps, ["Booting", 'Waiting for "guest-is-up" on the serial console']);
        const second = await startVm(on, inputs, instanceId);
        assert.deepEqual([second.pid, second.status], [first.pid, "running"]);
        const paused = await startVm(on, { ...inputs, state: "paused" }, instanceId);
        assert.deepEqual([paused.pid, paused.status], [first.pid, "paused"]);
        assert.equal((await observeVm(on, inputs, instanceId)).status, "paused");
        const resumed = await startVm(on, inputs, instanceId);
        assert.deepEqual([resumed.pid, resumed.status], [first.pid, "running"]);
      });
    });

    it("lets two starts at once become one", async () => {
      const [first, second] = await Promise.all([
        host.withHost((on) => startVm(on, inputs, instanceId)),
        host.withHost((on) => startVm(on, inputs, instanceId)),
      ]);
      assert.equal(first.pid, second.pid);
      assert.ok(isAlive(first.pid));
    });

    it("starts one anew that was never told what to boot", async () => {
      await host.withHost(async (on) => {
        // As a provider leaves it that is killed in the middle of a start.
        const what = "Could not start the microVM";
        const args = startArguments(inputs, instanceId);
        await runHostProgram(on, { what, op: "vm.start", args, timeoutMs: 60_000 });
        const unready = await observeVm(on, inputs, instanceId);
        assert.equal(unready.status, "unready");
        const { pid, status } = await startVm(on, inputs, instanceId);
        assert.equal(status, "running");
        assert.ok(isAlive(pid) && !isAlive(unready.pid));
      });
    });

    it("goes on with a VM whose keeper was killed", async () => {
      await host.withHost(async (on) => {
        const { pid, serialLogPath = "" } = await startVm(on, inputs, instanceId);
        const keeper = JSON.parse(readFileSync(join(serialLogPath, "..", "keeper.pid"), "utf8")) as {
          pid: number;
        };
        process.kill(keeper.pid, "SIGKILL");
        await waitUntil("the keeper is gone", () => !isAlive(keeper.pid));
        const seen = await observeVm(on, inputs, instanceId);
        assert.deepEqual([seen.status, seen.pid], ["running", pid]);
        await stopVm(on, { ...inputs, shutdownTimeoutSeconds: 0 }, instanceId);
        assert.ok(!isAlive(pid));
      });
    });

    it("tells of the end of a VM, whoever ended it", async () => {
      await host.withHost(async (on) => {
        const { pid = 0 } = await startVm(on, inputs, instanceId);
        const never = new AbortController();
        const end = waitForVmEnd(on, inputs, never.signal);
        process.kill(pid, "SIGKILL");
        const { exitCode, signal, serialTail } = await end;
        assert.deepEqual([exitCode, signal], [undefined, "SIGKILL"]);
        assert.match(serialTail, /guest-is-up/);
      });
    });

    it("gives up watching when it is told to", async () => {
      await host.withHost(async (on) => {
        const { pid } = await startVm(on, inputs, instanceId);
        const watch = new AbortController();
        const error = catchError(waitForVmEnd(on, inputs, watch.signal));
        watch.abort(new Error("enough"));
        assert.match((await error).message, /enough/);
        assert.ok(isAlive(pid));
      });
    });

    it("stops a VM by Ctrl-Alt-Del, and its place stays", async () => {
      await host.withHost(async (on) => {
        const { pid } = await startVm(on, inputs, instanceId);
        const before = Date.now();
        await stopVm(on, { ...inputs, shutdownTimeoutSeconds: 60 }, instanceId);
        assert.ok(!isAlive(pid) && Date.now() - before < 30_000);
        assert.equal((await observeVm(on, inputs, instanceId)).status, "stopped");
        await stopVm(on, inputs, instanceId);
        await stopVm(on, inputs, newInstanceId());
      });
    });

    it("ends one that does not hear Ctrl-Alt-Del, in the time that it was given", async () => {
      const deaf = microVmSchema.parse({
        ...host.inputs({ bootSource: host.bootSource(undefined, "i8042.nokbd") }),
        shutdownTimeoutSeconds: 1,
        stableKey: inputs.stableKey,
      });
      await host.withHost(async (on) => {
        const { pid, apiSocket = "" } = await startVm(on, deaf, instanceId);
        await stopVm(on, deaf, instanceId);
        assert.ok(!isAlive(pid) && !existsSync(apiSocket));
      });
    });
  });
}
