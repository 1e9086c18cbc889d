import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findNamespaceObstacle, type Namespace } from "../support/namespace";
import { skipBecause } from "../support/skipBecause";
import { parseTask } from "../support/taskServer/guest";
import { askFromNetns } from "../support/taskServer/netnsGuest";
import type { TaskServer } from "../support/taskServer/taskServer";
import { untilStatus, useNamespaces } from "../support/taskServer/useNamespaces";
import { waitFor } from "../support/taskServer/waitFor";

const run = promisify(execFile);

describe("A task server whose device or namespace changes", () => {
  const { makeSpace, start } = useNamespaces();

  async function addTap(namespace: Namespace): Promise<void> {
    const { tapDevice, tapIp } = namespace;
    await namespace.ip("tuntap", "add", tapDevice, "mode", "tap");
    await namespace.ip("address", "add", `${tapIp}/24`, "dev", tapDevice);
  }

  /** What happens meanwhile is seen by the worker as if it had happened between two of its looks. */
  async function whileWorkerSleeps(server: TaskServer, work: () => Promise<void>): Promise<void> {
    const { workerPid } = await server.status();
    process.kill(workerPid, "SIGSTOP");
    try {
      await work();
    } finally {
      process.kill(workerPid, "SIGCONT");
    }
  }

  it("says that it does not listen while its TAP device is gone, and why", async function () {
    skipBecause(this, findNamespaceObstacle("tap"));
    const namespace = await makeSpace({ kind: "tap" });
    const { server } = await start(namespace);
    await namespace.ip("link", "delete", namespace.tapDevice);
    await untilStatus(server, "it has noticed", ({ listening }) => !listening);
    const { listenError = "" } = await server.status();
    assert.match(listenError, /no network device in the namespace .* has the address/);
    await addTap(namespace);
    await untilStatus(server, "it listens", ({ listening, rebinds }) => listening && rebinds === 1);
    assert.equal((await server.status()).listenError, undefined);
  });

  it("listens again when its TAP device was deleted and made anew between two looks", async function () {
    skipBecause(this, findNamespaceObstacle("tap"));
    const namespace = await makeSpace({ kind: "tap" });
    const { server } = await start(namespace);
    await whileWorkerSleeps(server, async () => {
      await namespace.ip("link", "delete", namespace.tapDevice);
      await addTap(namespace);
    });
    await untilStatus(server, "it listens", ({ listening, rebinds }) => listening && rebinds === 1);
  });

  it("listens again when its namespace was deleted and made anew, and guests get their tasks there", async () => {
    const namespace = await makeSpace();
    const { server } = await start(namespace);
    const before = await server.status();
    const { id } = await server.submit();
    const { name, guestName, tapDevice, tapIp } = namespace;
    await whileWorkerSleeps(server, async () => {
      // The old link ends with neither name nor worker: another one beside it, with another network's address.
      await run("ip", ["-n", guestName, "address", "flush", "dev", "eth0"]);
      await run("ip", ["netns", "delete", name]);
      await run("ip", ["netns", "add", name]);
      const pair = ["type", "veth", "peer", "name", "eth1", "netns", guestName];
      await namespace.ip("link", "add", tapDevice, ...pair);
      await namespace.ip("address", "add", `${tapIp}/24`, "dev", tapDevice);
      await namespace.ip("link", "set", tapDevice, "up");
      await run("ip", ["-n", guestName, "address", "add", "172.16.0.9/24", "dev", "eth1"]);
      await run("ip", ["-n", guestName, "link", "set", "eth1", "up"]);
    });
    await untilStatus(server, "it listens", ({ listening, rebinds }) => listening && rebinds === 1);
    const { body } = await askFromNetns(guestName, server, "/task", { from: "172.16.0.9" }).answer;
    assert.equal(parseTask(body).id, id);
    assert.equal((await server.status()).workerPid, before.workerPid);
  });

  it("says that it does not listen while its namespace is gone", async () => {
    const namespace = await makeSpace();
    const { server } = await start(namespace);
    await run("ip", ["netns", "delete", namespace.name]);
    await untilStatus(server, "it has noticed", ({ listening }) => !listening);
    const { listenError = "" } = await server.status();
    assert.match(listenError, /there is no network namespace \S+ any more/);
  });

  it("goes on without its device after a crash of the worker, and listens when that is there again", async () => {
    const namespace = await makeSpace();
    const { server } = await start(namespace);
    const { workerPid, pid } = await server.status();
    await namespace.ip("address", "delete", `${namespace.tapIp}/24`, "dev", namespace.tapDevice);
    process.kill(workerPid, "SIGKILL");
    await waitFor("another worker runs", async () => {
      const status = await server.status().catch(() => undefined);
      return status !== undefined && status.workerPid !== workerPid ? status : undefined;
    });
    await namespace.ip("address", "add", `${namespace.tapIp}/24`, "dev", namespace.tapDevice);
    await untilStatus(server, "it listens", ({ listening }) => listening);
    assert.equal((await server.status()).pid, pid);
  });
});
