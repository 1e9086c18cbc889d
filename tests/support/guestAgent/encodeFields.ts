/** A task's fields by their names; those that are undefined are absent. */
export type TaskFields = Readonly<Record<string, string | Buffer | undefined>>;

/** A task as a shell can read it: a line with name and length for each field, an empty line, the fields' bytes. */
export function encodeFields(fields: TaskFields): Buffer {
  const present = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, bytes: Buffer.from(value) }],
  );
  const index = present.map(({ name, bytes }) => `${name} ${bytes.length}\n`);
  return Buffer.concat([
    Buffer.from(`fc-agents-task 1\n${index.join("")}\n`),
    ...present.map(({ bytes }) => bytes),
  ]);
}
