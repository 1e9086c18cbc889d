import { once } from "node:events";
import { connectionSchema } from "../../../provider/connection/connectionSchema";
import { withHost } from "../../../provider/ssh/hostPool";

/**
 * What a provider process does with hosts, for the tests that watch it end by itself. It does all of its
 * works, JSON in the environment, at once, says "done" when they are over, and has nothing left to do then.
 */
interface Work {
  connection: object;
  /** Leaves a channel open that nobody closes. */
  leavesChannelOpen?: boolean;
  /** Says "connected" and goes on when a line comes in. */
  waitsForLine?: boolean;
}

async function use(work: Work): Promise<void> {
  try {
    await withHost(connectionSchema.parse(work.connection), async (host) => {
      await host.exec(["true"], { timeoutMs: 10_000 });
      if (work.leavesChannelOpen === true) await host.openExec(["cat"], { timeoutMs: 10_000 });
      if (work.waitsForLine !== true) return;
      console.log("connected");
      await once(process.stdin, "data");
      process.stdin.destroy();
    });
    console.log("used");
  } catch (error) {
    console.log(String(error));
  }
}

async function main(): Promise<void> {
  const works = JSON.parse(process.env["WORKS"] ?? "[]") as Work[];
  await Promise.all(works.map(use));
  console.log("done");
}

void main();
