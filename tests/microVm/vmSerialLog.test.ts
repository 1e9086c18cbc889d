import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../support/waitUntil";
import { VmHost } from "./vmHost";

const bound = 8192;

describe("The serial log of a MicroVm", function () {
  this.timeout(240_000);
  let host: VmHost;

  before(async function () {
    host = await VmHost.open(this);
  });
  afterEach(() => host.removeVms());
  after(() => (host as VmHost | undefined)?.close());

  it("keeps its beginning and its end within its bound, and says what it left out", async () => {
    const script =
      "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line-$i-of-many; done; echo done-now; exec sleep 1000000";
    const vm = await host.create({
      bootSource: host.bootSource(script),
      serialLogBytes: bound,
      waitForSerial: { text: "done-now", timeoutSeconds: 120 },
    });
    const names = ["serial.head.log", "serial.1.log", "serial.log"];
    const sizes = names.map((name) => statSync(join(vm.folder, name)).size);
    assert.ok(sizes.reduce((sum, size) => sum + size) <= bound, String(sizes));
    const text = vm.readSerial();
    assert.match(text, /line-1-of-many/);
    assert.match(text, /line-2000-of-many\r?\ndone-now/);
    assert.doesNotMatch(text, /line-1000-of-many/);
    assert.match(
      text,
      /\[fc-agents: before this stand serial\.head\.log, [1-9]\d* bytes left out, serial\.1\.log\]/,
    );
  });

  it("is begun anew with each start", async () => {
    const vm = await host.create({
      bootSource: host.bootSource("echo once-$$; exec sleep 1000000"),
      waitForSerial: undefined,
    });
    await waitUntil("the guest has printed", () => vm.readSerial().includes("once-"));
    await vm.update({ state: "stopped" });
    assert.ok(existsSync(join(vm.folder, "serial.log")));
    await vm.update({ state: "running" });
    await waitUntil("the guest has printed", () => vm.readSerial().includes("once-"));
    assert.equal(vm.readSerial().match(/once-/g)?.length, 1);
  });

  it("is not searched in what Firecracker logs of itself, which repeats the kernel's arguments", async () => {
    const vm = await host.create({
      logger: { level: "Info" },
      bootSource: host.bootSource(
        "sleep 1; echo greet''ing-at-last; exec sleep 1000000",
        "arg=greeting-at-last",
      ),
      waitForSerial: { text: "greeting-at-last", timeoutSeconds: 100 },
    });
    assert.match(vm.readSerial(), /\nINST|InstanceStart/);
    assert.match(vm.readSerial(), /^greeting-at-last/m);
  });
});
