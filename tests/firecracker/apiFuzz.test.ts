import assert from "node:assert/strict";
import { connect } from "node:net";
import fc from "fast-check";
import { faultOf } from "../support/firecracker/callApi";
import { findFirecracker } from "../support/firecracker/findFirecracker";
import { FirecrackerProcess } from "../support/firecracker/firecrackerProcess";
import { skipBecause } from "../support/skipBecause";
import { acceptedCalls } from "./cases/acceptedCalls";
import type { Call } from "./cases/call";
import { formCases } from "./cases/formCases";

const answerTimeoutMs = 5000;

const known = [...acceptedCalls, ...formCases.map(({ call }) => call)];
const methods = fc.constantFrom("GET", "PUT", "PATCH");
const paths = fc.oneof(
  fc.constantFrom(...new Set(known.map(([, path]) => path))),
  fc.webPath(),
  fc.constantFrom(
    "/drives",
    "/drives/d/e",
    "//",
    "/vm/",
    "/balloon/hinting/start",
    "/hotplug/memory",
    "/pmem/p",
  ),
);

/** A request of the description, one of whose values, at whatever depth, gave way to another one. */
const spoiledCalls: fc.Arbitrary<Call> = fc
  .tuple(fc.constantFrom(...known), fc.nat(), fc.jsonValue())
  .map(([[method, path, body], at, value]) => {
    const places = listPlaces(body);
    const place = places[at % Math.max(1, places.length)];
    return [method, path, place === undefined ? body : replaceAt(body, place, value)];
  });

const bodies = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined));
const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 3, arbitrary: spoiledCalls },
  { weight: 1, arbitrary: fc.tuple(methods, paths, bodies) },
);

describe("Firecracker's API with random requests", function () {
  this.timeout(120_000);
  let machine: FirecrackerProcess;

  before(async function () {
    const found = await findFirecracker();
    if ("obstacle" in found) {
      skipBecause(this, found.obstacle);
      return;
    }
    machine = await FirecrackerProcess.start({ firecracker: found.firecracker, args: ["--level", "Off"] });
    // With a setting made, no snapshot is loaded any more: that would end the process when it fails.
    await machine.configure(["PUT", "/machine-config", { vcpu_count: 1, mem_size_mib: 128 }]);
  });
  after(() => machine.kill());

  it("answers each of them with success or with a fault's text", async () => {
    await fc.assert(
      fc.asyncProperty(calls, async ([method, path, body]) => {
        const answer = await machine.call(method, encodeURI(path), body);
        assert.ok([200, 204, 400].includes(answer.status), `${answer.status} ${JSON.stringify(answer.body)}`);
        if (answer.status === 400) assert.ok((faultOf(answer) ?? "").length > 0, JSON.stringify(answer.body));
      }),
      { numRuns: 1500 },
    );
    assert.equal((await machine.call("GET", "/")).status, 200);
  });

  it("outlives connections that speak no HTTP", async () => {
    const words = fc.constantFrom(
      "GET",
      "PUT / HTTP/1.1",
      "\r\n",
      "Content-Length: 5",
      ":",
      " ",
      "\0",
      "HTTP/1.1",
    );
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      fc.array(words, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(""))),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        await throwAway(machine.socket, bytes);
        assert.equal((await machine.call("GET", "/")).status, 200);
      }),
      { numRuns: 300 },
    );
  });
});

/** Sends bytes and hangs up; whatever comes back is read and forgotten. */
function throwAway(path: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error("the connection stayed open")));
    socket.once("error", reject);
    socket.once("close", () => {
      resolve();
    });
    socket.resume().end(bytes);
  });
}

type Place = readonly (string | number)[];

function listPlaces(value: unknown, at: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return at.length === 0 ? [] : [at];
  const below = Object.entries(value).flatMap(([name, part]: [string, unknown]) =>
    listPlaces(part, [...at, name]),
  );
  return at.length === 0 ? below : [at, ...below];
}

function replaceAt(value: unknown, [name, ...rest]: Place, replacement: unknown): unknown {
  if (name === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((part: unknown, index) =>
      String(index) === String(name) ? replaceAt(part, rest, replacement) : part,
    );
  }
  if (typeof value !== "object" || value === null) return replacement;
  const parts = value as Readonly<Record<string, unknown>>;
  return { ...parts, [name]: replaceAt(parts[name], rest, replacement) };
}
