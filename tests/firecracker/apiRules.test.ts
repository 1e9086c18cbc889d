import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { faultOf } from "../support/firecracker/callApi";
import { findFirecracker, type FirecrackerPrograms } from "../support/firecracker/findFirecracker";
import { FirecrackerProcess } from "../support/firecracker/firecrackerProcess";
import { skipBecause } from "../support/skipBecause";
import { acceptedCalls } from "./cases/acceptedCalls";
import { caseFiles, type Call } from "./cases/call";
import { formCases } from "./cases/formCases";
import { orderCases } from "./cases/orderCases";
import { requestCases } from "./cases/requestCases";
import { valueCases } from "./cases/valueCases";

describe("Firecracker's API before the start", () => {
  let programs: FirecrackerPrograms;
  let shared: FirecrackerProcess;

  before(async function () {
    const found = await findFirecracker();
    if ("obstacle" in found) {
      skipBecause(this, found.obstacle);
      throw new Error(found.obstacle);
    }
    programs = found;
    shared = await start();
  });
  after(() => shared.kill());

  async function start(args: readonly string[] = []): Promise<FirecrackerProcess> {
    const started = await FirecrackerProcess.start({ firecracker: programs.firecracker, args });
    for (const [name, content] of Object.entries(caseFiles))
      writeFileSync(join(started.folder, name), content);
    return started;
  }

  async function withProcess(work: (process: FirecrackerProcess) => Promise<void>): Promise<void> {
    const own = await start();
    try {
      await work(own);
    } finally {
      await own.kill();
    }
  }

  it("accepts what the description allows", () =>
    withProcess(async (own) => {
      for (const [method, path, body] of acceptedCalls) {
        const answer = await own.call(method, path, body);
        assert.equal(faultOf(answer), undefined, describeCall([method, path, body]));
        assert.equal(answer.status, method === "GET" ? 200 : 204, describeCall([method, path, body]));
      }
    }));

  for (const { what, call, after, fault, isDoubleOnly } of [
    ...requestCases,
    ...formCases,
    ...orderCases,
    ...valueCases,
  ]) {
    it(`refuses ${what}`, async function () {
      if (isDoubleOnly === true && !programs.isDouble) skipBecause(this, "only the double is so strict");
      const check = async (process: FirecrackerProcess): Promise<void> => {
        const answer = await process.call(...call);
        assert.equal(answer.status, 400, JSON.stringify(answer.body));
        // The words may differ from version to version of the real one.
        assert.match(faultOf(answer) ?? "", programs.isDouble ? fault : /\S/);
      };
      if (after === undefined) return check(shared);
      return withProcess(async (own) => {
        for (const earlier of after) assert.equal((await own.call(...earlier)).status, 204);
        await check(own);
      });
    });
  }

  it("tells its name, version and state", async () => {
    const { body } = await shared.call("GET", "/");
    assert.ok(typeof body === "object" && body !== null && "vmm_version" in body);
    assert.deepEqual(body, {
      id: "test",
      state: "Not started",
      vmm_version: body.vmm_version,
      app_name: "Firecracker",
    });
    assert.deepEqual((await shared.call("GET", "/version")).body, { firecracker_version: body.vmm_version });
  });

  it("gives back the whole configuration", () =>
    withProcess(async (own) => {
      await own.configure(
        ["PUT", "/machine-config", { vcpu_count: 2, mem_size_mib: 256 }],
        ["PUT", "/boot-source", { kernel_image_path: "kernel", boot_args: "quiet" }],
        [
          "PUT",
          "/drives/a",
          { drive_id: "a", path_on_host: "disk", is_root_device: false, is_read_only: true },
        ],
        [
          "PUT",
          "/drives/b",
          { drive_id: "b", path_on_host: "disk", is_root_device: true, is_read_only: true },
        ],
        ["PUT", "/vsock", { guest_cid: 7, uds_path: "v.sock" }],
      );
      const config = (await own.call("GET", "/vm/config")).body as Record<string, unknown>;
      assert.deepEqual(
        (config.drives as { drive_id: string }[]).map((drive) => drive.drive_id),
        ["b", "a"],
        "the root device is first",
      );
      assert.deepEqual(config.vsock, { guest_cid: 7, uds_path: "v.sock" });
      assert.equal((config["boot-source"] as { boot_args: string }).boot_args, "quiet");
    }));

  it("merges metadata, and bounds them", () =>
    withProcess(async (own) => {
      await own.configure(
        ["PUT", "/mmds", { a: { b: 1, c: 2 } }],
        ["PATCH", "/mmds", { a: { b: null, d: 3 } }],
      );
      assert.deepEqual((await own.call("GET", "/mmds")).body, { a: { c: 2, d: 3 } });
      const answer = await own.call("PATCH", "/mmds", { more: "x".repeat(51_180) });
      assert.equal(answer.status, 413);
    }));

  it("refuses a body that is too long", async () => {
    const answer = await shared.call("PUT", "/mmds", { more: "x".repeat(60_000) });
    if (programs.isDouble) assert.equal(answer.status, 413);
    assert.match(JSON.stringify(answer.body), /larger than the limit/);
  });

  it("marks what is deprecated, and still takes it", () =>
    withProcess(async (own) => {
      const answer = await own.call("PUT", "/machine-config", {
        vcpu_count: 1,
        mem_size_mib: 128,
        cpu_template: "None",
      });
      assert.equal(answer.status, 204);
      assert.equal(answer.headers.deprecation, "true");
    }));

  it("ends after a snapshot that cannot be loaded", () =>
    withProcess(async (own) => {
      const answer = await own.call("PUT", "/snapshot/load", {
        snapshot_path: "empty",
        mem_backend: { backend_type: "File", backend_path: "empty" },
      });
      assert.equal(answer.status, 400);
      assert.match(faultOf(answer) ?? "", /Load snapshot error/);
      assert.equal(await own.waitForEnd(), 1);
    }));
});

function describeCall([method, path, body]: Call): string {
  return `${method} ${path} ${JSON.stringify(body)}`;
}
