const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `resets 3am (UTC)`, `resets 3:20pm (Europe/Berlin)`, `resets Nov 28, 3am (UTC)`, `resets Jan 24, 2027, 3am (UTC)`. */
const resetWords = new RegExp(
  `\\bresets (?:(${months.join("|")}) (\\d{1,2}), (?:(\\d{4}), )?)?` +
    "(\\d{1,2})(?::(\\d{2}))?(am|pm) \\(([A-Za-z0-9_+/-]{1,60})\\)",
);

/**
 * Finds in an agent's words when a limit ends: as seconds since 1970 (`…limit reached|1735689600`), or as a time of the
 * day, with the date where it is further away. These have whole minutes. `now`: when it was said.
 */
export function findLimitReset(text: string, now: Date): string | undefined {
  const seconds = /\|(\d{10})\b/.exec(text)?.[1];
  if (seconds !== undefined) return new Date(Number(seconds) * 1000).toISOString();
  const [words, month = "", day, year, hour, minute, half, zone = ""] = resetWords.exec(text) ?? [];
  if (words === undefined || !isTimeZone(zone)) return undefined;
  const today = new Date(readClock(zone, now.getTime()));
  const timeMs =
    ((Number(hour) % 12) + (half === "pm" ? 12 : 0)) * 60 * minuteMs + Number(minute ?? 0) * minuteMs;
  const instantIn = (ofYear: number, daysLater = 0): number => {
    const date =
      day === undefined
        ? Date.UTC(ofYear, today.getUTCMonth(), today.getUTCDate())
        : Date.UTC(ofYear, months.indexOf(month), Number(day));
    return findInstant(zone, date + daysLater * dayMs + timeMs);
  };
  const thisYear = today.getUTCFullYear();
  const first = instantIn(Number(year ?? thisYear));
  // The seconds were left out, so it may seem to have just passed.
  const isAhead = year !== undefined || first > now.getTime() - 2 * minuteMs;
  const next = (): number => (day === undefined ? instantIn(thisYear, 1) : instantIn(thisYear + 1));
  return new Date(isAhead ? first : next()).toISOString();
}

function isTimeZone(zone: string): boolean {
  try {
    makeFormat(zone);
    return true;
  } catch {
    return false;
  }
}

function makeFormat(timeZone: string): Intl.DateTimeFormat {
  const number = "numeric";
  const fields = {
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  } as const;
  return new Intl.DateTimeFormat("en-u-ca-gregory", { timeZone, hourCycle: "h23", ...fields });
}

/** What a clock in a time zone shows, as if it were one in UTC. */
function readClock(zone: string, ms: number): number {
  const parts = makeFormat(zone).formatToParts(ms);
  const read = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"), read("second"));
}

/** When a clock in a time zone shows that. The first guess may lie on the other side of a change of the clocks. */
function findInstant(zone: string, shown: number): number {
  const guess = shown - (readClock(zone, shown) - shown);
  return guess - (readClock(zone, guess) - shown);
}
