import { makeNamespace, type Namespace } from "../namespace";

/** The same in every namespace: a machine that was saved beside one finds its host again beside another one. */
const tapMacAddress = "06:fc:00:00:00:01";

/** A namespace with a TAP device that no process has joined yet, for one virtual machine. */
export async function makeVmNamespace(tapIp = "172.16.0.1"): Promise<Namespace> {
  const namespace = await makeNamespace({ tapIp });
  const { tapDevice } = namespace;
  try {
    await namespace.ip("link", "delete", tapDevice);
    await namespace.ip("tuntap", "add", tapDevice, "mode", "tap");
    await namespace.ip("link", "set", tapDevice, "address", tapMacAddress);
    await namespace.ip("address", "add", `${tapIp}/24`, "dev", tapDevice);
    await namespace.ip("link", "set", tapDevice, "up");
    return namespace;
  } catch (error) {
    await namespace.remove();
    throw error;
  }
}
