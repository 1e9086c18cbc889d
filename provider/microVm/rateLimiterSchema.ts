import type * as z from "zod";
import { wholeNumber } from "../validation/wholeNumber";
import { objectOf } from "./inputFields";

const maxTokens = Number.MAX_SAFE_INTEGER;

function tokenBucket(property: string) {
  return objectOf(property, "an object with `size` and `refillTime`", {
    size: wholeNumber(`${property}.size`, 1, maxTokens),
    refillTime: wholeNumber(`${property}.refillTime`, 1, maxTokens, "milliseconds"),
    oneTimeBurst: wholeNumber(`${property}.oneTimeBurst`, 0, maxTokens).optional(),
  });
}

/** Bounds what a device moves: bytes and operations, each by a bucket of tokens. */
export function rateLimiter(property: string) {
  return objectOf(property, "an object with `bandwidth`, `ops` or both", {
    bandwidth: tokenBucket(`${property}.bandwidth`).optional(),
    ops: tokenBucket(`${property}.ops`).optional(),
  });
}

export type RateLimiterInputs = z.infer<ReturnType<typeof rateLimiter>>;
