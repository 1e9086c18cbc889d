/** The name and the addresses that Firecracker's own documentation gives the TAP device. */
export const defaultTapName = "tap0";
export const defaultHostIp = "172.16.0.1";
export const defaultPrefix = 24;

/** Locally administered (the 2 in 06), so that no card of a vendor has it. */
export const defaultTapMac = "06:fc:00:00:00:01";
