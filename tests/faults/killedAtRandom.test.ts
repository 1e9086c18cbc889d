import assert from "node:assert/strict";
import { CrashingServer } from "../support/faults/crashingServer";
import { seededRandom, withSeed } from "../support/faults/seededRandom";
import { soak } from "../support/faults/soak";

/** Side by side, so that both processors have something to do while a server starts again. */
const servers = 4;
const killsPerServer = 55;

describe("A task server that is killed at random instants", () => {
  const crashing: CrashingServer[] = [];
  afterEach(async () => {
    await Promise.all(crashing.splice(0).map((server) => server.remove()));
  });

  it(`ends each of its tasks once and loses no result, over ${servers * killsPerServer} kills`, async function () {
    const { isLong, isOver } = soak(this, 180_000);
    await withSeed(async (seed) => {
      for (let index = 0; index < servers; index += 1) {
        crashing.push(await CrashingServer.start(seededRandom(seed + index)));
      }
      await Promise.all(
        crashing.map(async (server) => {
          while (isLong ? !isOver() : server.kills < killsPerServer) await server.killOnce();
          await server.settle();
        }),
      );
      const kills = crashing.reduce((sum, server) => sum + server.kills, 0);
      if (!isLong) assert.ok(kills >= 200, `${kills} kills`);
      for (const server of crashing) await server.assertKept();
      if (isLong) console.log(`      ${kills} kills`);
    });
  });
});
