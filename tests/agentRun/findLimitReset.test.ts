import assert from "node:assert/strict";
import fc from "fast-check";
import { findLimitReset } from "../../provider/agentRun/findLimitReset";

/** What Claude Code 2.1.331 said, all at this time, and when the API had told it that the limit ends. */
const saidAt = new Date("2026-11-25T02:54:43Z");
const sayings: readonly (readonly [string, string])[] = [
  ["You've hit your 5-hour limit · resets 3:24am (UTC)", "2026-11-25T03:24:00.000Z"],
  ["You've hit your 5-hour limit · resets 4am (UTC)", "2026-11-25T04:00:00.000Z"],
  ["You've hit your 5-hour limit · resets 5:54am (Europe/Berlin)", "2026-11-25T04:54:00.000Z"],
  ["You've hit your weekly limit · resets Nov 28, 2:54am (UTC)", "2026-11-28T02:54:00.000Z"],
  ["You've hit your weekly limit · resets Nov 28, 3:54am (Europe/Berlin)", "2026-11-28T02:54:00.000Z"],
  ["You've hit your Sonnet limit · resets Nov 28, 12am (UTC)", "2026-11-28T00:00:00.000Z"],
  ["You've hit your Opus limit · resets Jan 24, 2027, 2:54am (UTC)", "2027-01-24T02:54:00.000Z"],
  ["You've hit your 5-hour limit · resets Jan 1, 2100, 12am (UTC)", "2100-01-01T00:00:00.000Z"],
  ["Claude AI usage limit reached|1767225600", "2026-01-01T00:00:00.000Z"],
];

describe("findLimitReset", () => {
  for (const [words, resetsAt] of sayings) {
    it(`takes “${words}” as ${resetsAt}`, () => {
      assert.equal(findLimitReset(words, saidAt), resetsAt);
    });
  }

  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      "a time after midnight as tomorrow's",
      "resets 1am (UTC)",
      "2026-12-31T22:10:00Z",
      "2027-01-01T01:00:00.000Z",
    ],
    ["noon as 12pm", "resets 12pm (UTC)", "2026-11-25T09:00:00Z", "2026-11-25T12:00:00.000Z"],
    [
      "a date of the next year",
      "resets Jan 2, 3am (UTC)",
      "2026-12-30T00:00:00Z",
      "2027-01-02T03:00:00.000Z",
    ],
    [
      "the minute that has just begun",
      "resets 3:24am (UTC)",
      "2026-11-25T03:24:20Z",
      "2026-11-25T03:24:00.000Z",
    ],
    [
      "a date after a change of the clocks",
      "resets Oct 25, 3am (Europe/Berlin)",
      "2026-10-24T12:00:00Z",
      "2026-10-25T02:00:00.000Z",
    ],
  ];
  for (const [name, words, now, resetsAt] of cases) {
    it(`takes ${name}`, () => {
      assert.equal(findLimitReset(words, new Date(now)), resetsAt);
    });
  }

  it("finds nothing where there is no time, and no time zone", () => {
    for (const words of ["", "resets soon", "resets 3am", "resets 3am (Nowhere/None)"])
      assert.equal(findLimitReset(words, saidAt), undefined, words);
  });

  it("names a time ahead, whatever the time of the day and the zone", () => {
    const zones = fc.constantFrom(
      "UTC",
      "Europe/Berlin",
      "America/St_Johns",
      "Pacific/Kiritimati",
      "Asia/Kolkata",
    );
    const times = fc
      .integer({ min: 1, max: 12 })
      .chain((hour) =>
        fc.tuple(fc.constant(hour), fc.integer({ min: 10, max: 59 }), fc.constantFrom("am", "pm"), zones),
      );
    const nows = fc.date({ min: new Date("2025-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(times, nows, ([hour, minute, half, zone], now) => {
        const found = findLimitReset(`resets ${hour}:${minute}${half} (${zone})`, now);
        const aheadMs = Date.parse(found ?? "") - now.getTime();
        // A day on which the clocks change is longer or shorter.
        assert.ok(aheadMs > -130_000 && aheadMs <= 25.1 * 3_600_000, `${found} at ${now.toISOString()}`);
      }),
    );
  });
});
