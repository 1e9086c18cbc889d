import assert from "node:assert/strict";
import { firecrackerHostLifecycle } from "../../provider/firecrackerHost/firecrackerHostLifecycle";
import { defaultVersion, knownSums } from "../../provider/firecrackerHost/releases";
import { unknownValue } from "../../provider/validation/unknownValue";
import { firecrackerInputs, someSum } from "./firecrackerHostInputs";

type Checked = { inputs: Record<string, unknown>; failures: { property: string; reason: string }[] };

async function check(overrides: Record<string, unknown>): Promise<Checked> {
  return (await firecrackerHostLifecycle.check({}, firecrackerInputs(overrides))) as Checked;
}

describe("the check of FirecrackerHost", () => {
  it("fills in the defaults", async () => {
    const { inputs, failures } = await check({});
    assert.deepEqual(failures, []);
    const { version, source, jailer, kernel, requireKvm, downloadTimeoutSeconds } = inputs;
    assert.deepEqual(
      { version, source, jailer, kernel, requireKvm, downloadTimeoutSeconds },
      {
        version: defaultVersion,
        source: {},
        jailer: true,
        kernel: undefined,
        requireKvm: true,
        downloadTimeoutSeconds: 600,
      },
    );
  });

  it("knows the sums of the default release for both architectures", () => {
    const sums = knownSums[defaultVersion] ?? {};
    assert.deepEqual(Object.keys(sums).sort(), ["aarch64", "x86_64"]);
    for (const sum of Object.values(sums)) assert.match(sum, /^[0-9a-f]{64}$/);
  });

  const good: [string, Record<string, unknown>][] = [
    ["an address with a sum", { source: { url: "https://example.com/fc.tgz", sha256: someSum } }],
    ["plain http with a sum", { source: { url: "http://10.0.0.1/fc.tgz", sha256: someSum } }],
    ["a sum in capitals", { source: { sha256: someSum.toUpperCase() } }],
    ["a mirror", { source: { mirror: "https://example.com/firecracker/" } }],
    ["an archive here", { source: { file: "fc.tgz" } }],
    ["two programs here", { source: { firecracker: "fc", jailer: "jailer" } }],
    ["one program here without a jailer", { source: { firecracker: "fc" }, jailer: false }],
    ["a kernel here", { kernel: { file: "vmlinux" } }],
    ["a kernel from an address", { kernel: { url: "https://example.com/vmlinux", sha256: someSum } }],
    ["a pre-release", { version: "1.18.0-rc.1" }],
    ["a sum that is not known yet", { source: { url: "https://example.com/fc.tgz", sha256: unknownValue } }],
    ["a source that is not known yet", { source: unknownValue, kernel: unknownValue }],
  ];
  for (const [what, overrides] of good) {
    it(`takes ${what}`, async () => {
      assert.deepEqual((await check(overrides)).failures, []);
    });
  }

  const bad: [string, Record<string, unknown>, string, RegExp][] = [
    [
      "a version with a v",
      { version: "v1.17.0" },
      "version",
      /such as 1\.17\.0 \(without a v\), got `v1\.17\.0`/,
    ],
    ["a version with a path", { version: "../1" }, "version", /got `\.\.\/1`/],
    [
      "an address without a sum",
      { source: { url: "https://e.com/f" } },
      "source.sha256",
      /of your own is used only/,
    ],
    [
      "an address of a file",
      { source: { url: "file:///fc", sha256: someSum } },
      "source.url",
      /https:\/\/ address/,
    ],
    [
      "an address with a password",
      { source: { url: "https://u:p@e.com/f", sha256: someSum } },
      "source.url",
      /without user and password/,
    ],
    [
      "a mirror over http",
      { source: { mirror: "http://e.com" } },
      "source.mirror",
      /http:\/\/ only with `source\.sha256`/,
    ],
    ["a short sum", { source: { sha256: "abc" } }, "source.sha256", /64 hexadecimal digits, got `abc`/],
    [
      "two sources",
      { source: { file: "a", mirror: "https://e.com" } },
      "source",
      /at most one of `url`, .*, got `mirror` and `file`/,
    ],
    ["a jailer alone", { source: { jailer: "j" } }, "source.jailer", /beside `source\.firecracker`/],
    ["no jailer", { source: { firecracker: "f" } }, "source.jailer", /or `jailer` to be false/],
    ["an unknown property", { source: { path: "f" } }, "source", /no property `path`; it knows url, mirror/],
    ["a kernel without a source", { kernel: {} }, "kernel", /exactly one of `url`, `file`, got none/],
    [
      "a kernel without a sum",
      { kernel: { url: "https://e.com/k" } },
      "kernel.sha256",
      /only if its content is known/,
    ],
    ["a time-out of 0", { downloadTimeoutSeconds: 0 }, "downloadTimeoutSeconds", /from 1 to 86400, got `0`/],
    [
      "a local file that the program could not read",
      {
        kernel: { file: "vmlinux" },
        localSha256: { kernel: "Could not use the local file vmlinux: ENOENT" },
      },
      "kernel.file",
      /^Could not use the local file vmlinux: ENOENT$/,
    ],
    ["requireKvm in words", { requireKvm: "no" }, "requireKvm", /true or false, got `no`/],
  ];
  for (const [what, overrides, property, reason] of bad) {
    it(`refuses ${what}`, async () => {
      const { failures } = await check(overrides);
      assert.deepEqual(
        failures.map((failure) => failure.property),
        [property],
      );
      assert.match(failures[0]?.reason ?? "", reason);
    });
  }

  it("reports all failures at once", async () => {
    const { failures } = await check({ version: "x", jailer: 1, kernel: { file: "" } });
    assert.deepEqual(failures.map(({ property }) => property).sort(), ["jailer", "kernel.file", "version"]);
  });
});
