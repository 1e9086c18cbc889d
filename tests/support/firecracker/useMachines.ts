import { findImage, type VmImage } from "../vm/findImage";
import { skipBecause } from "../skipBecause";
import { findFirecracker, type FirecrackerPrograms } from "./findFirecracker";
import { findKvmObstacle } from "./findKvmObstacle";
import { FirecrackerProcess, type FirecrackerProcessOptions } from "./firecrackerProcess";

/** What a stopped machine's last words need to come through a pipe is far less. */
const settleMs = 300;

export interface UsedMachines {
  readonly image: () => VmImage;
  readonly programs: () => FirecrackerPrograms;
  /** A process that ends with the test that asked for it. */
  readonly start: (options?: Partial<FirecrackerProcessOptions>) => Promise<FirecrackerProcess>;
  readonly stateOf: (machine: FirecrackerProcess) => Promise<unknown>;
  /** Waits until nothing has come out of it for a while. */
  readonly settle: (machine: FirecrackerProcess) => Promise<void>;
}

/** Gives a suite Firecracker and something to boot; skips it, and says why, where one of them is not to be had. */
export function useMachines(): UsedMachines {
  let image: VmImage | undefined;
  let programs: FirecrackerPrograms | undefined;
  const started: FirecrackerProcess[] = [];
  before(async function () {
    // The first time, a kernel is downloaded.
    this.timeout(0);
    const found = await findFirecracker();
    if ("obstacle" in found) skipBecause(this, found.obstacle);
    else programs = found;
    const foundImage = await findImage();
    if ("obstacle" in foundImage) skipBecause(this, foundImage.obstacle);
    else image = foundImage;
    if (image !== undefined && programs?.isDouble === false) skipBecause(this, await findKvmObstacle(image));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((machine) => machine.kill()));
  });
  return {
    image: () => expectFound(image),
    programs: () => expectFound(programs),
    start: async (options = {}) => {
      const machine = await FirecrackerProcess.start({
        firecracker: expectFound(programs).firecracker,
        ...options,
      });
      started.push(machine);
      return machine;
    },
    stateOf: async (machine) => {
      const { body } = await machine.call("GET", "/");
      return typeof body === "object" && body !== null && "state" in body ? body.state : body;
    },
    settle: async (machine) => {
      for (let seen = ""; seen !== machine.console();) {
        seen = machine.console();
        await new Promise((resolve) => setTimeout(resolve, settleMs));
      }
    },
  };
}

function expectFound<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the suite has not begun yet");
  return value;
}
