import assert from "node:assert/strict";
import { guestIpOf } from "../../components/guestBoot";
import { catchError } from "../support/catchError";
import { declare } from "./declare";
import type { MockedProgram, Registered } from "./mockedProgram";

const connection = { host: "fc.example.com", privateKey: "the key", hostKey: "SHA256:A" };
const run = { connection, oauthToken: "sk-ant-oat01-example", task: { prompt: "p" } };
const snapshot = { connection, kernelImagePath: "/kernel" };

describe("The components, as they are declared", function () {
  this.timeout(60_000);

  function get(registered: Map<string, Registered>, key: string): Registered {
    const found = registered.get(key);
    assert.ok(found, `${key} is not among ${[...registered.keys()].join(", ")}`);
    return found;
  }

  /** Inputs without what is marked as secret. */
  function hideSecrets(value: unknown, secrets: readonly string[], path = ""): unknown {
    if (secrets.includes(path)) return "a secret";
    if (typeof value !== "object" || value === null) return value;
    const hidden = Object.entries(value).map(([key, child]: [string, unknown]) => [
      key,
      hideSecrets(child, secrets, `${path}/${key}`),
    ]);
    return Object.fromEntries(hidden);
  }

  describe("FcAgentRun of a snapshot", () => {
    let registered: Map<string, Registered>;
    const inputsOf = (key: string): Record<string, unknown> => get(registered, key).inputs;
    before(async () => {
      registered = await declare({
        snapshot: {
          ...{ ...snapshot, firecrackerPath: "/fc", jailerPath: "/jailer" },
          ...{ jailer: { uid: 4711 }, network: { hostIp: "10.9.8.254", tapPort: 9090, tapName: "tap7" } },
        },
        run: {
          ...run,
          connection: {
            ...{
              ...connection,
              knownHosts: "/known",
              sudo: true,
              insecureIgnoreHostKey: false,
              dialErrorLimit: 3,
            },
            proxy: { host: "proxy.example.com", user: "jump", knownHosts: "/known" },
          },
          network: { egress: { allow: ["api.anthropic.com:443"] } },
          hostCommands: { before: { create: "first" }, after: { create: "last", delete: "gone" } },
          ...{
            timeoutSeconds: 60,
            triggers: [1],
            failOnAgentError: false,
            resultPath: "r",
            transcriptPath: "t",
          },
        },
      });
    });

    it("has each part under the component, in the order network, command, server, microVM, run, command", () => {
      const relations = [
        "HostNetwork run",
        "Command run-before",
        "FcTaskServer run",
        "MicroVm run",
        "AgentRun run",
      ];
      assert.deepEqual(
        Object.fromEntries(
          [...relations, "Command run-after"].map((key) => {
            const { parent, dependencies } = get(registered, key);
            return [
              key,
              { parent, dependencies: dependencies.filter((each) => !each.startsWith("SnapshotBake")) },
            ];
          }),
        ),
        {
          "HostNetwork run": { parent: "FcAgentRun run", dependencies: [] },
          "Command run-before": { parent: "FcAgentRun run", dependencies: ["HostNetwork run"] },
          "FcTaskServer run": {
            parent: "FcAgentRun run",
            dependencies: ["Command run-before", "HostNetwork run"],
          },
          "MicroVm run": { parent: "FcAgentRun run", dependencies: ["FcTaskServer run", "HostNetwork run"] },
          "AgentRun run": { parent: "FcAgentRun run", dependencies: ["FcTaskServer run", "MicroVm run"] },
          "Command run-after": { parent: "FcAgentRun run", dependencies: ["AgentRun run"] },
        },
      );
    });

    it("keeps token and key secret in each part, also those that a part takes over from another one", () => {
      for (const key of ["FcTaskServer run", "MicroVm run", "AgentRun run"]) {
        const { inputs, secrets } = get(registered, key);
        const shown = JSON.stringify(hideSecrets(inputs, secrets));
        assert.doesNotMatch(shown, /the key|sk-ant/, `${key}: ${shown}`);
      }
    });

    it("gives commands what `remote.Command` knows of the connection, and nothing else", () => {
      // The limits are that resource's own defaults.
      const defaults = { port: 22, perDialTimeout: 15 };
      const { connection: login, ...before } = inputsOf("Command run-before");
      assert.deepEqual(login, {
        ...{ ...connection, ...defaults, user: "root", dialErrorLimit: 3 },
        proxy: { ...defaults, host: "proxy.example.com", user: "jump", dialErrorLimit: 10 },
      });
      assert.deepEqual(before, { create: "first" });
      assert.deepEqual(inputsOf("Command run-after"), { connection: login, create: "last", delete: "gone" });
    });

    it("has the network of the snapshot, for the jailer's user, and the run's own egress", () => {
      const { hostIp, tapName, taskPort, tapUid, egress, prefix, tapMac } = inputsOf("HostNetwork run");
      assert.deepEqual(
        { hostIp, tapName, taskPort, tapUid, egress, prefix, tapMac },
        {
          ...{ hostIp: "10.9.8.254", tapName: "tap7", taskPort: 9090, tapUid: 4711, prefix: 24 },
          ...{ egress: { allow: ["api.anthropic.com:443"] }, tapMac: "06:fc:00:00:00:01" },
        },
      );
      assert.deepEqual(
        [inputsOf("FcTaskServer run").tapIp, inputsOf("FcTaskServer run").tapPort],
        ["10.9.8.254", 9090],
      );
    });

    it("restores the snapshot with the binaries and the jailer that it was baked with", () => {
      const { restore, firecrackerPath, jailerPath, jailer, state, bootSource, networkInterfaces } =
        inputsOf("MicroVm run");
      assert.deepEqual(
        { restore, firecrackerPath, jailerPath, jailer, state, bootSource, networkInterfaces },
        {
          restore: { snapshotPath: "/s/state", memBackend: { type: "File", path: "/s/memory" } },
          ...{ firecrackerPath: "/fc", jailerPath: "/jailer", jailer: { uid: 4711 }, state: "on-demand" },
          ...{ bootSource: undefined, networkInterfaces: undefined },
        },
      );
    });

    it("has server, microVM and run in the network's namespace, which is another one than the bake's", () => {
      const names = ["HostNetwork", "FcTaskServer", "MicroVm", "AgentRun"].map(
        (kind) => inputsOf(`${kind} run`).netns,
      );
      assert.equal(new Set(names).size, 1);
      const { network, microVm } = inputsOf("SnapshotBake baked") as Record<string, { netns: string }>;
      assert.equal(network?.netns, microVm?.netns);
      assert.notEqual(network?.netns, names[0]);
    });

    it("passes the run's inputs on", () => {
      const { task, timeoutSeconds, triggers, failOnAgentError, resultPath, transcriptPath } =
        inputsOf("AgentRun run");
      assert.deepEqual(
        { task, timeoutSeconds, triggers, failOnAgentError, resultPath, transcriptPath },
        {
          ...{ task: { prompt: "p" }, timeoutSeconds: 60, triggers: [1], failOnAgentError: false },
          ...{ resultPath: "r", transcriptPath: "t" },
        },
      );
    });

    it("is baked with the guest's address, a task server's that does not run, and no way out", () => {
      const { network, microVm } = inputsOf("SnapshotBake baked") as Record<string, Record<string, unknown>>;
      assert.deepEqual([network?.egress, network?.taskPort], ["none", 9090]);
      const { bootArgs } = microVm?.bootSource as { bootArgs: string };
      // .255 is the network's broadcast address.
      assert.match(bootArgs, /ip=10\.9\.8\.253::10\.9\.8\.254:255\.255\.255\.0::eth0:off/);
      assert.match(bootArgs, /fc_agents\.server=http:\/\/10\.9\.8\.254:9090/);
    });
  });

  it("boots without a jailer as root, who may open any TAP, and keeps what it is told to keep", async () => {
    const boot = {
      kernelImagePath: "/kernel",
      initrdPath: "/initrd",
      rootfsPath: "/rootfs",
      jailer: false as const,
    };
    const registered = await declare({ run: { ...run, boot, keepAlive: true, network: { taskPort: 7070 } } });
    const { tapUid, taskPort } = get(registered, "HostNetwork run").inputs;
    assert.deepEqual({ tapUid, taskPort }, { tapUid: 0, taskPort: 7070 });
    const { running, tapPort } = get(registered, "FcTaskServer run").inputs;
    assert.deepEqual({ running, tapPort }, { running: true, tapPort: 7070 });
    const { state, jailer, drives, networkInterfaces, bootSource } = get(registered, "MicroVm run").inputs;
    assert.deepEqual(
      { state, jailer, drives, networkInterfaces },
      {
        ...{ state: "running", jailer: false },
        drives: [{ driveId: "rootfs", pathOnHost: "/rootfs", isRootDevice: true, isReadOnly: false }],
        networkInterfaces: [{ ifaceId: "eth0", hostDevName: "tap0", guestMac: "06:fc:00:00:00:02" }],
      },
    );
    const { kernelImagePath, initrdPath, bootArgs } = bootSource as Record<string, string>;
    assert.deepEqual({ kernelImagePath, initrdPath }, { kernelImagePath: "/kernel", initrdPath: "/initrd" });
    assert.match(bootArgs ?? "", /fc_agents\.server=http:\/\/172\.16\.0\.1:7070/);
    assert.deepEqual(
      [...registered.keys()].filter((key) => key.startsWith("Command")),
      [],
    );
  });

  it("is declared in a preview too, in which the snapshot's paths are not known", async () => {
    const registered = await declare({ isPreview: true, snapshot, run });
    assert.equal(get(registered, "HostNetwork run").inputs.tapUid, 60_700);
    assert.equal(get(registered, "AgentRun run").parent, "FcAgentRun run");
  });

  const wrong: Record<string, { program: MockedProgram; message: RegExp }> = {
    "with neither snapshot nor boot": {
      program: { run },
      message: /Expected FcAgentRun run to have either a `snapshot` or a `boot`, got neither/,
    },
    "with both of them": {
      program: { snapshot, run: { ...run, boot: { kernelImagePath: "/kernel" } } },
      message: /Expected FcAgentRun run to have either a `snapshot` or a `boot`, got both/,
    },
    "with another network than the snapshot's": {
      program: { snapshot, run: { ...run, network: { hostIp: "10.0.0.1", taskPort: 9090 } } },
      message: /Expected FcAgentRun run to leave `network.hostIp`, `network.taskPort` to its `snapshot`/,
    },
    "with a command for a host that has no `hostKey`": {
      program: {
        snapshot,
        run: {
          ...run,
          connection: { host: "fc.example.com", knownHosts: "/known" },
          hostCommands: { before: { create: "first" } },
        },
      },
      message:
        /Expected `connection\.hostKey` to be given for the command run-before: .* whatever host answers/,
    },
    "without a kernel": {
      program: { run: { ...run, boot: {} } },
      message: /Expected a guest to have a `kernelImagePath`, or a `host` with a `kernel`, got neither/,
    },
  };
  for (const [title, { program, message }] of Object.entries(wrong)) {
    it(`are refused ${title}`, async () => {
      assert.match((await catchError(declare(program))).message, message);
    });
  }
});

describe("guestIpOf", () => {
  for (const [hostIp, prefix, guest] of [
    ["172.16.0.1", 24, "172.16.0.2"],
    ["10.0.0.255", 8, "10.0.1.0"],
    ["192.168.1.254", 24, "192.168.1.253"],
    ["10.1.2.2", 30, "10.1.2.1"],
  ] as const) {
    it(`of ${hostIp}/${prefix} is ${guest}`, () => {
      assert.equal(guestIpOf(hostIp, prefix), guest);
    });
  }
});
