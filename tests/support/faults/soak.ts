import type { Context } from "mocha";

export interface Soak {
  /** A long run was asked for: it goes on until `isOver`. */
  isLong: boolean;
  /** True once the time of a long run is over; says on the terminal now and then how far it is. */
  isOver: () => boolean;
}

const sayEveryMs = 5000;

/** Makes a test last as long as `FC_AGENTS_SOAK_SECONDS` says; without it, the test has its own end and this bound. */
export function soak(context: Context, boundMs: number): Soak {
  const seconds = Number(process.env.FC_AGENTS_SOAK_SECONDS ?? 0);
  const startedAt = Date.now();
  let saidAt = startedAt;
  context.timeout(boundMs + seconds * 1000);
  return {
    isLong: seconds > 0,
    isOver: () => {
      const passed = Date.now() - startedAt;
      if (Date.now() - saidAt > sayEveryMs) {
        saidAt = Date.now();
        console.log(`      ${Math.floor(passed / 1000)} of ${seconds} s`);
      }
      return passed >= seconds * 1000;
    },
  };
}
