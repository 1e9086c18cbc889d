import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { assertSucceeded, Deployment, findDeploymentObstacle } from "../support/deployment";
import { findProvider } from "../support/findProvider";
import { listDescendants } from "../support/listDescendants";
import { describePieces, startManyGuests, type ManyGuests } from "../support/manyGuests";
import { skipBecause } from "../support/skipBecause";
import { resetPeak, watchPeak } from "../support/watchPeak";
import { waitUntil } from "../support/waitUntil";

const mebibytes = 100;
const resultBytes = mebibytes * 1024 ** 2;
const halfBytes = 512 * 1024;

/**
 * How much the processes may grow for it at most, in MiB. The server's is its budget. In the provider Pulumi takes 27 to
 * hand on the 1 MiB that the outputs keep, of a result of any size; another 20 is what passes through on its way to the
 * file and Node's garbage collector has not looked at yet.
 */
const most = { server: 8, provider: 64 };

describe("A long result, end to end", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let guests: ManyGuests | undefined;

  before(async function () {
    skipBecause(this, findDeploymentObstacle());
    deployment = await Deployment.open({ project: join(__dirname, "programs", "declared") });
  });
  after(async () => {
    await guests?.stop();
    await (deployment as Deployment | undefined)?.close();
  });

  it(`of ${mebibytes} MiB arrives in its file byte for byte, and neither end holds it in memory`, async () => {
    const { stack, namespace } = deployment;
    const resultPath = join(stack.folder, "results", "long");
    // A task whose agent runs first, so that both processes are at work before their memory is looked at.
    await stack.configure({
      ...deployment.loginConfig(),
      servers: { roomy: { netns: namespace.name, maxResultBytes: resultBytes } },
      runs: { long: { server: "roomy", task: { prompt: `@pieces ${mebibytes}` }, resultPath } },
    });
    const crowd = (guests = await startManyGuests([namespace], 1));
    const up = stack.start("up", ["--yes", "--skip-preview"]);
    await waitUntil("the agent runs", () => crowd.runs.size === 1, 60_000);

    const [daemon] = await namespace.listProcesses();
    assert.ok(daemon !== undefined);
    const family = [daemon, ...listDescendants(daemon).map(({ pid }) => pid)];
    const provider = findProvider(up);
    const before = { server: sum(family.map(resetPeak)), provider: resetPeak(provider) };
    const watches = { server: watchPeak(family), provider: watchPeak([provider]) };
    crowd.release();
    const ended = await up.result;
    const growth = {
      server: watches.server.stop() - before.server,
      provider: watches.provider.stop() - before.provider,
    };
    assertSucceeded(ended);
    assert.deepEqual([...crowd.answers.values()], [[200]]);

    const { sha256, first, last } = describePieces(mebibytes);
    assert.deepEqual([statSync(resultPath).size, statSync(resultPath).mode & 0o777], [resultBytes, 0o600]);
    const hash = createHash("sha256");
    await pipeline(createReadStream(resultPath), hash);
    assert.equal(hash.digest("hex"), sha256);

    const { outputs } = stack.exportState().get("long");
    const note = `\n[… ${resultBytes - 2 * halfBytes} of ${resultBytes} bytes left out …]\n`;
    const kept = `${first.toString("latin1", 0, halfBytes)}${note}${last.toString("latin1", halfBytes)}`;
    assert.ok(outputs.result === kept, "the outputs keep other text than head and tail");
    assert.deepEqual(
      [outputs.resultBytes, outputs.resultSha256, outputs.isTruncated, outputs.savedTo],
      [resultBytes, sha256, true, resultPath],
    );
    assert.ok(growth.server <= most.server, `the server grew by ${growth.server.toFixed(1)} MiB`);
    assert.ok(growth.provider <= most.provider, `the provider grew by ${growth.provider.toFixed(1)} MiB`);
  });

  it("leaves nothing on the host after a destroy", async () => {
    assertSucceeded(await deployment.stack.destroy());
    await deployment.assertNothingLeft();
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
