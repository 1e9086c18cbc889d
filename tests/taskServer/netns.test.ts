import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { alteredArchive } from "../support/taskServer/archive";
import { parseTask } from "../support/taskServer/guest";
import { askFromNetns, NetnsGuest } from "../support/taskServer/netnsGuest";
import { untilStatus, useNamespaces, watchOften } from "../support/taskServer/useNamespaces";
import { waitFor } from "../support/taskServer/waitFor";

const run = promisify(execFile);

describe("A task server in a network namespace", () => {
  const { makeSpace, start, servers } = useNamespaces();
  it("hands a guest on the other side of the link its task and takes the result", async () => {
    const { server, guest } = await start(await makeSpace());
    const { id } = await server.submit();
    const { status, body } = await guest.ask("/task").answer;
    assert.equal(status, 200);
    assert.deepEqual([parseTask(body).id, parseTask(body).token], [id, server.token]);
    assert.equal((await guest.ask("/result", { data: "done" }).answer).status, 200);
    assert.equal((await server.record(id)).guest, guest.address);
  });

  it("serves two namespaces with the same address at once, each with its own server", async () => {
    const spaces = [await makeSpace(), await makeSpace()];
    const pairs = await Promise.all(spaces.map((space) => start(space)));
    const given = await Promise.all(pairs.map(({ server }) => server.submit()));
    const answers = await Promise.all(pairs.map(({ guest }) => guest.ask("/task").answer));
    assert.deepEqual(
      answers.map(({ body }) => parseTask(body).id),
      given.map(({ id }) => id),
    );
  });

  it("says nothing to local processes, nor to peers from outside the device's subnet", async () => {
    const namespace = await makeSpace();
    const { server, guest } = await start(namespace);
    await server.submit();
    // On the host's side of the link: from the TAP address itself, and from a secondary address of the device.
    await namespace.ip("address", "add", "172.16.0.77/24", "dev", namespace.tapDevice);
    await namespace.ip("address", "add", "10.9.9.9/24", "dev", "lo");
    // On the guest's side: an address that the host has a way to, but which is of no network of the device.
    const { guestName, tapDevice } = namespace;
    await run("ip", ["-n", guestName, "address", "add", "10.1.1.1/32", "dev", "eth0"]);
    await namespace.ip("route", "add", "10.1.1.1/32", "dev", tapDevice);
    await waitFor("the addresses are known", async () => {
      const { status } = await askFromNetns(namespace.name, server, "/healthz", { from: "172.16.0.77" })
        .answer;
      return status === 0 ? true : undefined;
    });
    const strangers = [
      [namespace.name, undefined],
      [namespace.name, namespace.tapIp],
      [namespace.name, "172.16.0.77"],
      [namespace.name, "10.9.9.9"],
      [namespace.name, "127.0.0.1"],
      [guestName, "10.1.1.1"],
    ] as const;
    const answers = await Promise.all(
      strangers.map(
        ([netns, from]) =>
          askFromNetns(netns, server, "/task", { ...(from && { from }), maxSeconds: 1 }).answer,
      ),
    );
    for (const answer of answers) assert.deepEqual(answer, { status: 0, body: "" });
    assert.equal((await guest.ask("/task").answer).status, 200);
  });

  it("puts a task back in front when the link went down under its response", async () => {
    const archive = alteredArchive({
      constants: { ...watchOften, "guest_connection.DELIVERY_SECONDS": "0.3" },
    });
    const namespace = await makeSpace();
    const { server, guest } = await start(namespace, { archive });
    const poll = guest.ask("/task");
    await untilStatus(server, "the guest waits", ({ connections }) => connections === 1);
    await run("ip", ["-n", namespace.guestName, "link", "set", "eth0", "down"]);
    const first = await server.submit();
    await untilStatus(server, "it is under way", ({ claimed }) => claimed === 1);
    const second = await server.submit();
    await untilStatus(server, "it is back", ({ queued }) => queued === 2);
    assert.equal((await server.record(first.id)).attempts, 0);
    poll.kill();
    await run("ip", ["-n", namespace.guestName, "link", "set", "eth0", "up"]);
    const other = await NetnsGuest.add(namespace, server);
    const taken = [];
    for (const asking of [other, guest]) taken.push(parseTask((await asking.ask("/task").answer).body).id);
    assert.deepEqual(taken, [first.id, second.id]);
  });

  it("is refused where no device there has the address, and leaves nothing", async () => {
    const namespace = await makeSpace();
    const server = servers.prepare({ identity: { netns: namespace.name, tapIp: "172.16.0.200" } });
    await assert.rejects(
      server.deploy(),
      /no network device in the namespace \S+ has the address 172\.16\.0\.200/,
    );
    assert.ok(!existsSync(server.folder));
    assert.deepEqual(await namespace.listProcesses(), []);
  });
});
