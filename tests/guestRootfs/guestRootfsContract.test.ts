import assert from "node:assert/strict";
import { defaultClaudeCodeVersion, imageNameOf } from "../../provider/guestRootfs/guestRootfsContract";
import { guestRootfsLifecycle } from "../../provider/guestRootfs/guestRootfsLifecycle";
import { unknownValue } from "../../provider/validation/unknownValue";
import { rootfsInputs } from "./rootfsInputs";

type Checked = { inputs: Record<string, unknown>; failures: { property: string; reason: string }[] };

async function check(overrides: Record<string, unknown> = {}): Promise<Checked> {
  return (await guestRootfsLifecycle.check({}, rootfsInputs(overrides))) as Checked;
}

describe("the check of GuestRootfs", () => {
  it("fills in the defaults", async () => {
    const { inputs, failures } = await check();
    assert.deepEqual(failures, []);
    const { connection, stableKey, ...rest } = inputs;
    assert.ok(connection !== undefined && stableKey !== undefined);
    assert.deepEqual(rest, {
      deleteUnreachable: false,
      takeOver: false,
      suite: "noble",
      mirror: "http://archive.ubuntu.com/ubuntu",
      components: ["main", "universe"],
      keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
      sizeMib: 4096,
      packages: [],
      claudeCodeVersion: defaultClaudeCodeVersion,
      resolvers: ["1.1.1.1", "8.8.8.8"],
      timeoutSeconds: 1800,
    });
  });

  const bad: [string, Record<string, unknown>, string, RegExp][] = [
    ["a name with a slash", { name: "a/b" }, "name", /letters, digits and \. _ -.*got `a\/b`/],
    ["a name that is a folder's dot name", { name: ".." }, "name", /not starting with/],
    ["a suite that looks like an option", { suite: "--help" }, "suite", /such as noble, got `--help`/],
    ["a suite that leads elsewhere", { suite: "../x" }, "suite", /such as noble/],
    ["a mirror on the file system", { mirror: "file:///srv" }, "mirror", /http:\/\/ or https:\/\/ URL/],
    [
      "a mirror with a line end",
      { mirror: "http://a.example/\nb" },
      "mirror",
      /without user name, password or blanks/,
    ],
    ["no components", { components: [] }, "components", /at least one component/],
    ["a component with a blank", { components: ["main universe"] }, "components.0", /got `main universe`/],
    [
      "a keyring that is no path",
      { keyring: "ubuntu.gpg" },
      "keyring",
      /absolute path of a file on the host/,
    ],
    [
      "an image that is too small",
      { sizeMib: 100 },
      "sizeMib",
      /whole number of MiB from 512 to 1048576, got `100`/,
    ],
    [
      "a package that looks like an option",
      { packages: ["--force"] },
      "packages.0",
      /names of packages, got `--force`/,
    ],
    ["a package with a capital", { packages: ["Git"] }, "packages.0", /got `Git`/],
    [
      "a range of versions",
      { claudeCodeVersion: "^2.1.0" },
      "claudeCodeVersion",
      /an exact version, such as 2\./,
    ],
    ["a tag for a version", { claudeCodeVersion: "latest" }, "claudeCodeVersion", /got `latest`/],
    [
      "an integrity that is another hash",
      { claudeCodeIntegrity: ["sha1-x"] },
      "claudeCodeIntegrity.0",
      /`sha512-…`/,
    ],
    ["a resolver by name", { resolvers: ["dns.example.com"] }, "resolvers.0", /one to three IP addresses/],
    ["four resolvers", { resolvers: Array(4).fill("1.1.1.1") }, "resolvers", /one to three/],
    ["no resolver", { resolvers: [] }, "resolvers", /one to three/],
    [
      "a nodeUrl without a hash",
      { nodeUrl: "https://a.example/n.tar.xz" },
      "nodeSha256",
      /has to be verified/,
    ],
    ["a hash without a nodeUrl", { nodeSha256: "0".repeat(64) }, "nodeUrl", /beside `nodeSha256`/],
    ["a hash of another length", { nodeSha256: "00" }, "nodeSha256", /64 lower-case hexadecimal digits/],
    ["a number for force", { force: 1 }, "force", /a string, got `1` \(number\)/],
    ["a build of no time", { timeoutSeconds: 1 }, "timeoutSeconds", /from 30 to 86400/],
  ];
  for (const [title, overrides, property, reason] of bad) {
    it(`refuses ${title}`, async () => {
      const { failures } = await check(overrides);
      const failure = failures.find((found) => found.property === property);
      assert.match(failure?.reason ?? JSON.stringify(failures), reason);
    });
  }

  it("shows nothing of a URL with a password", async () => {
    const { failures } = await check({ npmRegistry: "https://me:hunter2@a.example/" });
    assert.equal(failures.length, 1);
    assert.doesNotMatch(JSON.stringify(failures), /hunter2/);
  });

  it("returns all failures at once", async () => {
    const { failures } = await check({ suite: 1, sizeMib: "big", packages: "git", resolvers: ["x"] });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "packages",
      "resolvers.0",
      "sizeMib",
      "suite",
    ]);
  });

  it("leaves unknown values to the next check", async () => {
    const { failures } = await check({
      suite: unknownValue,
      packages: [unknownValue],
      nodeUrl: unknownValue,
    });
    assert.deepEqual(
      failures.filter(({ property }) => property !== "nodeSha256"),
      [],
    );
  });
});

describe("imageNameOf", () => {
  it("derives a name from the stable key, and takes the one that is given", () => {
    assert.match(imageNameOf({ stableKey: "a" }), /^img-[0-9a-f]{12}$/);
    assert.notEqual(imageNameOf({ stableKey: "a" }), imageNameOf({ stableKey: "b" }));
    assert.equal(imageNameOf({ stableKey: "a", name: "mine" }), "mine");
  });
});
