/*
 * A provider process without Pulumi: loads the built package as the forwarding shims do, calls its lifecycles as the
 * engine would, and tells when each step of theirs began and ended. It ends with the process that started it.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** @typedef {(...args: unknown[]) => unknown} Method */
/** @typedef {Record<string, Method | undefined>} Methods */
/** @typedef {{ id: number, resource: string, method: string, args: unknown[] }} Call */

const requireFromHere = createRequire(join(process.cwd(), "/"));

/** @type {{ name: string, startedAt: number, endedAt: number }[]} */
let spans = [];

/** @type {Record<string, Methods | undefined> | undefined} */
let lifecycles;

process.on("disconnect", () => process.exit());
process.on("message", (/** @type {Call} */ call) => void answer(call));

/** @param {Call} call */
async function answer({ id, resource, method, args }) {
  spans = [];
  const startedAt = now();
  try {
    lifecycles ??= loadPackage();
    const result = await lifecycles[resource]?.[method]?.(...args);
    process.send?.({ id, startedAt, endedAt: now(), spans, result });
  } catch (error) {
    process.send?.({ id, startedAt, endedAt: now(), spans, error: String(error) });
  }
}

function loadPackage() {
  const startedAt = now();
  const loaded = /** @type {Record<string, Methods>} */ (load("pulumi-fc-agents/provider"));
  spans.push({ name: "load the package", startedAt, endedAt: now() });
  const folder = dirname(requireFromHere.resolve("pulumi-fc-agents/provider"));
  const { SshHost } = loadClasses(join(folder, "ssh/sshHost.js"));
  const { ControlClient } = loadClasses(join(folder, "taskServer/controlClient.js"));
  watch(loadMethods(join(folder, "ssh/loadSsh2.js")), { loadSsh2: "load ssh2" });
  watch(loadMethods(join(folder, "ssh/dial.js")), { dial: "dial" });
  watch(loadMethods(join(folder, "taskServer/serverArchive.js")), { serverArchive: "zip the server" });
  watch(SshHost?.prototype, { exec: "exec", openUnixSocket: "open the control socket" });
  watch(ControlClient?.prototype, {
    status: "status",
    submit: "submit",
    wait: "wait",
    markCollected: "mark as collected",
  });
  return loaded;
}

/**
 * @param {string} name
 * @returns {unknown}
 */
function load(name) {
  return requireFromHere(name);
}

/** @param {string} path */
function loadMethods(path) {
  return /** @type {Methods} */ (load(path));
}

/** @param {string} path */
function loadClasses(path) {
  return /** @type {Record<string, { prototype: Methods } | undefined>} */ (load(path));
}

/**
 * Puts a stopwatch around functions of a module or class.
 *
 * @param {Methods | undefined} owner
 * @param {Record<string, string>} names
 */
function watch(owner, names) {
  for (const [property, name] of Object.entries(names)) {
    const original = owner?.[property];
    if (owner === undefined || original === undefined) throw new Error(`there is no ${property} to watch`);
    owner[property] = /** @this {unknown} */ function (/** @type {unknown[]} */ ...args) {
      const span = { name, startedAt: now(), endedAt: 0 };
      spans.push(span);
      const result = original.apply(this, args);
      const end = () => {
        span.endedAt = now();
      };
      if (result instanceof Promise) result.then(end, end);
      else end();
      return result;
    };
  }
}

function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
