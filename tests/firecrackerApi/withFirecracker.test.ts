import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { FirecrackerAnswerError } from "../../provider/errors/firecrackerAnswerError";
import { FirecrackerFaultError } from "../../provider/errors/firecrackerFaultError";
import { FirecrackerTimedOutError } from "../../provider/errors/firecrackerTimedOutError";
import { FirecrackerUnreachableError } from "../../provider/errors/firecrackerUnreachableError";
import type { FirecrackerApi } from "../../provider/firecrackerApi/firecrackerApi";
import { withFirecracker } from "../../provider/firecrackerApi/withFirecracker";
import type { Host } from "../../provider/ssh/host";
import { withHost } from "../../provider/ssh/hostPool";
import { catchError } from "../support/catchError";
import { useSshd } from "../support/useSshd";
import { waitUntil } from "../support/waitUntil";
import { type ApiServer, jsonAnswer, noContent, startApiServer } from "./apiServer";

const timeoutMs = 10_000;

for (const way of ["forwarded by sshd", "relayed by a process"] as const) {
  describe(`withFirecracker, ${way}`, () => {
    const configLines = way === "forwarded by sshd" ? [] : ["AllowStreamLocalForwarding no"];
    const { main: sshd } = useSshd({ configLines });
    let server: ApiServer;

    beforeEach(async () => {
      server = await startApiServer(join(sshd().folder, "api.sock"));
    });
    afterEach(async () => {
      await server.close();
    });

    function use<T>(
      work: (api: FirecrackerApi, host: Host) => Promise<T>,
      options = { timeoutMs },
    ): Promise<T> {
      return withHost(connectionSchema.parse(sshd().connection()), (host) =>
        withFirecracker(host, server.path, options, (api) => work(api, host)),
      );
    }

    it("makes all calls of a conversation over one connection, one after the other", async () => {
      await use(async (api) => {
        await Promise.all([
          api.putMachineConfig({ vcpu_count: 2, mem_size_mib: 256 }),
          api.putDrive({ drive_id: "rootfs", is_root_device: true, path_on_host: "drives/rootfs" }),
          api.act("InstanceStart"),
        ]);
        await api.setVmState("Paused");
      });
      assert.deepEqual(
        server.requests.map(({ line, body }) => [line, JSON.parse(body) as unknown]),
        [
          ["PUT /machine-config HTTP/1.1", { vcpu_count: 2, mem_size_mib: 256 }],
          [
            "PUT /drives/rootfs HTTP/1.1",
            { drive_id: "rootfs", is_root_device: true, path_on_host: "drives/rootfs" },
          ],
          ["PUT /actions HTTP/1.1", { action_type: "InstanceStart" }],
          ["PATCH /vm HTTP/1.1", { state: "Paused" }],
        ],
      );
      assert.equal(server.requests[0]?.headers["content-type"], "application/json");
      assert.equal(server.countConnections(), 1);
      await waitUntil("the connection is closed", () => server.countOpen() === 0);
    });

    it("makes a hundred calls without leaving anything behind on the connection", async () => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on("warning", onWarning);
      await use(async (api) => {
        for (let call = 0; call < 100; call += 1) await api.setVmState("Paused");
      });
      process.removeListener("warning", onWarning);
      assert.deepEqual(warnings, []);
      assert.equal(server.countConnections(), 1);
    });

    it("reads what Firecracker says of itself, and of its machine", async () => {
      const info = { app_name: "Firecracker", id: "vm-1", state: "Paused", vmm_version: "1.13.1" };
      server.answerWith(({ line }, socket) => {
        if (line.startsWith("GET / ")) socket.write(jsonAnswer(200, info));
        else if (line.startsWith("GET /version"))
          socket.write(jsonAnswer(200, { firecracker_version: "1.13.1" }));
        else
          socket.write(jsonAnswer(200, { vcpu_count: 1, mem_size_mib: 128, smt: false, cpu_template: null }));
      });
      await use(async (api) => {
        assert.deepEqual(await api.describeInstance(), info);
        assert.equal(await api.getVersion(), "1.13.1");
        assert.equal((await api.getMachineConfig()).mem_size_mib, 128);
      });
    });

    it("says which call a fault is of, in Firecracker's words, and goes on with the next call", async () => {
      server.answerWith(({ line }, socket) => {
        const fault = {
          fault_message: "The requested operation is not supported after starting the microVM.",
        };
        socket.write(line.startsWith("PUT") ? jsonAnswer(400, fault) : noContent);
      });
      await use(async (api, host) => {
        const error = await catchError(api.putBootSource({ kernel_image_path: "kernel" }));
        assert.ok(error instanceof FirecrackerFaultError);
        assert.equal(
          error.message,
          `Firecracker refused \`PUT /boot-source\` on ${host.name}: The requested operation is not supported after ` +
            "starting the microVM. (400).",
        );
        assert.deepEqual([error.method, error.path, error.status], ["PUT", "/boot-source", 400]);
        await api.setVmState("Resumed");
      });
      assert.equal(server.countConnections(), 1);
    });

    it("shows a fault of Firecracker's HTTP server, and one that it does not explain", async () => {
      const answers = [
        jsonAnswer(400, { error: "Request payload with size 60000 is larger" }),
        jsonAnswer(503, "?"),
      ];
      server.answerWith((_request, socket) => socket.write(answers.shift() ?? ""));
      await use(async (api) => {
        const first = await catchError(api.put("/actions", {}));
        assert.match(first.message, /Request payload with size 60000 is larger/);
        const second = await catchError(api.put("/actions", {}));
        assert.match(second.message, /`PUT \/actions` on .*: it answered 503\./);
      });
    });

    it("shows nothing of what MMDS is given, even where Firecracker repeats it", async () => {
      server.answerWith(({ body }, socket) =>
        socket.write(jsonAnswer(400, { fault_message: `bad: ${body}` })),
      );
      await use(async (api) => {
        for (const call of [api.putMmds({ key: "s3cret" }), api.patchMmds({ key: "s3cret" })]) {
          const error = await catchError(call);
          assert.ok(error instanceof FirecrackerFaultError);
          assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /s3cret/);
          assert.match(error.message, /`P(?:UT|ATCH) \/mmds`.*it answered 400\. .*51200 bytes/);
        }
      });
    });

    it("tells a connection that ends within an answer, or without one", async () => {
      const halves = ["", "HTTP/1.1 20", 'HTTP/1.1 200 \r\nContent-Length: 20\r\n\r\n{"app_name"'];
      for (const half of halves) {
        server.answerWith((_request, socket) => socket.end(half));
        const error = await catchError(use((api) => api.describeInstance()));
        assert.ok(error instanceof FirecrackerAnswerError, error.message);
        assert.match(
          error.message,
          /`GET \/` of Firecracker's API failed on .*: the connection ended before/,
        );
      }
    });

    it("tells an answer that is not HTTP, not JSON or not as described", async () => {
      const cases: [string, RegExp][] = [
        ["SSH-2.0-OpenSSH\r\n\r\n", /its answer is not HTTP/],
        ["HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello", /its answer is not JSON/],
        [jsonAnswer(200, { app_name: 1 }), /its answer is not as described/],
      ];
      for (const [answer, pattern] of cases) {
        server.answerWith((_request, socket) => socket.write(answer));
        const error = await catchError(use((api) => api.describeInstance()));
        assert.ok(error instanceof FirecrackerAnswerError, error.message);
        assert.match(error.message, pattern);
      }
    });

    it("gives up a call whose answer does not come in time, also in its middle, and leaves nothing open", async () => {
      for (const beginning of ["", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{"]) {
        server.answerWith((_request, socket) => socket.write(beginning));
        const error = await catchError(use((api) => api.describeInstance(), { timeoutMs: 1500 }));
        assert.ok(error instanceof FirecrackerTimedOutError, error.message);
        assert.match(error.message, /did not answer `GET \/` on .* within 1\.5 s/);
      }
      await waitUntil("the connections are closed", () => server.countOpen() === 0);
    });

    it("lets one call have more time than the others", async () => {
      server.answerWith((_request, socket) => {
        setTimeout(() => socket.write(noContent), 600);
      });
      await use(
        async (api) => {
          // The first call also opens the connection, which takes a process on the host in one of the ways.
          const paths = { snapshot_path: "snapshot/state", mem_file_path: "snapshot/memory" };
          await api.createSnapshot(paths, { timeoutMs });
          await assert.rejects(api.setVmState("Resumed"), FirecrackerTimedOutError);
        },
        { timeoutMs: 300 },
      );
    });

    it("carries large bodies and answers whole, and refuses one without bounds", async () => {
      const data = { text: "x".repeat(2_000_000) };
      server.answerWith(({ line }, socket) => {
        if (line.startsWith("PUT")) socket.write(noContent);
        else if (line.startsWith("GET /mmds")) socket.write(jsonAnswer(200, data));
        else socket.write(`HTTP/1.1 200 \r\nContent-Length: 99999999\r\n\r\n${"y".repeat(20_000_000)}`);
      });
      await use(async (api) => {
        await api.putMmds(data);
        assert.deepEqual(JSON.parse(server.requests[0]?.body ?? ""), data);
        assert.deepEqual(await api.getMmds(), data);
        const error = await catchError(api.get("/vm/config"));
        assert.match(error.message, /its answer is longer than 16777216 bytes/);
      });
    });

    it("says that nothing listens there", async () => {
      await server.close();
      for (const prepare of [leaveDeadSocket, removeSocket]) {
        prepare(server.path);
        const error = await catchError(use((api) => api.describeInstance()));
        assert.ok(error instanceof FirecrackerUnreachableError, error.message);
        assert.match(
          error.message,
          /^Could not reach Firecracker's API at .*api\.sock on .*: (?:nothing|there)/,
        );
      }
      server = await startApiServer(server.path);
    });

    it("stops when its signal says so", async () => {
      const controller = new AbortController();
      server.answerWith(() => {
        controller.abort(new Error("enough"));
      });
      const options = { timeoutMs, signal: controller.signal };
      await assert.rejects(
        use((api) => api.describeInstance(), options),
        /enough/,
      );
    });
  });
}

describe("withFirecracker", () => {
  const { main: sshd, startExtra } = useSshd({ configLines: ["AllowStreamLocalForwarding no"] });

  it("asks sshd to forward only until it is known to refuse", async () => {
    const server = await startApiServer(join(sshd().folder, "once.sock"));
    try {
      await withHost(connectionSchema.parse(sshd().connection()), async (real) => {
        let asked = 0;
        const openUnixSocket: Host["openUnixSocket"] = (...args) => {
          asked += 1;
          return real.openUnixSocket(...args);
        };
        const host = Object.create(real, { openUnixSocket: { value: openUnixSocket } }) as Host;
        for (let call = 0; call < 3; call += 1) {
          await withFirecracker(host, server.path, { timeoutMs }, (api) => api.setVmState("Paused"));
        }
        // Once to open, and once more when somebody had answered.
        assert.equal(asked, 2);
      });
    } finally {
      await server.close();
    }
  });

  it("does not take a socket that came late for a refusal of sshd's", async () => {
    const extra = await startExtra();
    const path = join(extra.folder, "late.sock");
    await withHost(connectionSchema.parse(extra.connection()), async (host) => {
      const call = () => withFirecracker(host, path, { timeoutMs }, (api) => api.setVmState("Paused"));
      await assert.rejects(call(), FirecrackerUnreachableError);
      const server = await startApiServer(path);
      try {
        await call();
        assert.deepEqual([...host.cache.values()], []);
      } finally {
        await server.close();
      }
    });
  });
});

function leaveDeadSocket(path: string): void {
  const text = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])";
  execFileSync("python3", ["-c", text, path]);
}

function removeSocket(path: string): void {
  rmSync(path, { force: true });
}
