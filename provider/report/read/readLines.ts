export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Absent where the line was longer than allowed. */
  readonly text: string | undefined;
}

const newline = 0x0a;

/** Splits a stream into lines and holds no more than one of them. A longer line than allowed is passed over. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Line> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array): void => {
    length += part.length;
    if (length > maxLineBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const take = (): Line => {
    number += 1;
    const text = length > maxLineBytes ? undefined : Buffer.concat(parts).toString("utf8");
    parts = [];
    length = 0;
    return { number, text: number === 1 ? text?.replace(/^\ufeff/, "") : text };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}
