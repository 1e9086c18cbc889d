import { isDeepStrictEqual } from "node:util";

/**
 * Compares two sets of inputs along a diff table and returns the rows that changed. A row names a property, or with a
 * dot one field of it, at any depth; what has a row of its own does not count for the row of the whole property.
 */
export function findChanges<Effect extends string>(
  table: Readonly<Record<string, Effect>>,
  olds: object,
  news: object,
): { property: string; effect: Effect }[] {
  return Object.entries(table)
    .filter(([property]) => {
      const own = Object.keys(table).filter((other) => other.startsWith(`${property}.`));
      return !isDeepStrictEqual(pick(olds, property, own), pick(news, property, own));
    })
    .map(([property, effect]) => ({ property, effect }));
}

function pick(inputs: object, property: string, without: readonly string[]): unknown {
  const value = property
    .split(".")
    .reduce<unknown>((object, key) => (isRecord(object) ? object[key] : object), inputs);
  const hidden = without.map((path) => path.slice(property.length + 1));
  return dropUndefined(value, hidden);
}

/** State and fresh inputs differ in whether an absent option is left out or `undefined`; both mean the same. */
function dropUndefined(value: unknown, hidden: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((element) => dropUndefined(element));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([key, child]) => child !== undefined && !hidden.includes(key));
  const below = (key: string): string[] =>
    hidden.filter((path) => path.startsWith(`${key}.`)).map((path) => path.slice(key.length + 1));
  return Object.fromEntries(kept.map(([key, child]) => [key, dropUndefined(child, below(key))]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
