/** `memSizeMib` → `mem_size_mib`, as a type. */
type SnakeCase<Name extends string> = Name extends `${infer Head}${infer Rest}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Rest>}`
  : Name;

/** Our inputs as the API's bodies: names in snake_case at every depth, and nothing that is undefined. */
export type ToApi<Value> = Value extends readonly (infer Element)[]
  ? ToApi<Element>[]
  : Value extends object
    ? {
        [Key in keyof Value as Key extends string ? SnakeCase<Key> : never]: ToApi<
          Exclude<Value[Key], undefined>
        >;
      }
    : Value;

/**
 * Maps inputs in camelCase to a body of Firecracker's API, at every depth, and leaves out what is undefined. Only names
 * change. Not for what MMDS holds: those names are the user's own.
 */
export function toApi<Value>(value: Value): ToApi<Value> {
  return rename(value) as ToApi<Value>;
}

function rename(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rename);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .map(([name, child]) => [snakeCase(name), rename(child)]),
  );
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
