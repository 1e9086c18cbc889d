import type { AgentRunOutputs } from "./agentRunContract";

/** Results up to this size, in bytes, stand whole in the stack's state; of longer ones head and tail, half of it each. */
export const inlineResultBytes = 1024 * 1024;

/** A result's text as it stands in the state. */
export type ResultText = Pick<AgentRunOutputs, "result" | "isTruncated">;

/** Cuts a text that is there whole. */
export function cutString(text: string): ResultText {
  const bytes = Buffer.from(text);
  if (bytes.length <= inlineResultBytes) return { result: text, isTruncated: false };
  const half = inlineResultBytes / 2;
  return cutText(bytes.subarray(0, half), bytes.subarray(bytes.length - half), bytes.length);
}

/** Cuts bytes of which only head and tail may be there. */
export function cutText(head: Buffer, tail: Buffer, totalBytes: number): ResultText {
  if (tail.length === 0 && head.length <= inlineResultBytes)
    return { result: head.toString("utf8"), isTruncated: false };
  const half = inlineResultBytes / 2;
  const end = tail.length === 0 ? head : tail;
  const first = dropPartialCharacters(head.subarray(0, half)).toString("utf8");
  const last = dropPartialCharacters(end.subarray(Math.max(0, end.length - half))).toString("utf8");
  const omitted = totalBytes - Buffer.byteLength(first) - Buffer.byteLength(last);
  return { result: `${first}\n[… ${omitted} of ${totalBytes} bytes left out …]\n${last}`, isTruncated: true };
}

/** Takes away what a cut in the middle of a UTF-8 sequence leaves at either end (at most three bytes of it). */
function dropPartialCharacters(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && start < bytes.length && isContinuation(bytes[start])) start += 1;
  let lead = bytes.length - 1;
  while (lead >= bytes.length - 3 && lead > start && isContinuation(bytes[lead])) lead -= 1;
  const isWhole = bytes.length - lead >= sequenceLength(bytes[lead]);
  return bytes.subarray(start, isWhole ? bytes.length : lead);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function sequenceLength(lead: number | undefined): number {
  if (lead === undefined || lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
