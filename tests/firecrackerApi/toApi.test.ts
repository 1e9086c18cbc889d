import assert from "node:assert/strict";
import type { Drive, MmdsConfig } from "../../provider/firecrackerApi/apiBodies";
import { toApi } from "../../provider/firecrackerApi/toApi";

describe("toApi", () => {
  it("maps names at every depth, and no values", () => {
    const body: Drive = toApi({
      driveId: "rootFs",
      isRootDevice: true,
      pathOnHost: "drives/rootFs",
      cacheType: "Unsafe" as const,
      rateLimiter: { bandwidth: { size: 1024, refillTime: 100, oneTimeBurst: 0 }, ops: undefined },
    });
    assert.deepEqual(body, {
      drive_id: "rootFs",
      is_root_device: true,
      path_on_host: "drives/rootFs",
      cache_type: "Unsafe",
      rate_limiter: { bandwidth: { size: 1024, refill_time: 100, one_time_burst: 0 } },
    });
  });

  it("keeps digits with their word and lists as lists, and leaves out what is undefined", () => {
    const input: { networkInterfaces: string[]; ipv4Address: string; version?: "V2" | undefined } = {
      networkInterfaces: ["eth0"],
      ipv4Address: "169.254.169.254",
      version: undefined,
    };
    const body: MmdsConfig = toApi(input);
    assert.deepEqual(Object.entries(body), [
      ["network_interfaces", ["eth0"]],
      ["ipv4_address", "169.254.169.254"],
    ]);
    assert.deepEqual(toApi([{ ifaceId: "eth0" }, null, 1]), [{ iface_id: "eth0" }, null, 1]);
  });
});
