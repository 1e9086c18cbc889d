/**
 * Takes the stable key of a resource over from its old inputs. It is fixed when the resource is created: a rename with
 * an alias, or a move to another stack's name, must not give its tasks new ids and so run an agent again.
 */
export function keepStableKey(olds: unknown, news: unknown): Record<string, unknown> {
  const { stableKey: oldKey } = Object(olds) as { stableKey?: unknown };
  const inputs = { ...(Object(news) as Record<string, unknown>) };
  return typeof oldKey === "string" ? { ...inputs, stableKey: oldKey } : inputs;
}
