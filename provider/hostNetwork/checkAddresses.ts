import { isIPv4 } from "node:net";
import { expected } from "../validation/expected";
import { isUnknown } from "../validation/unknownValue";
import type { CrossCheck } from "../validation/validateInputs";
import { defaultHostIp, defaultPrefix } from "./addressDefaults";
import {
  formatIpv4Network,
  containsNetwork,
  networkAround,
  overlaps,
  parseIpv4Network,
  toNumber,
} from "./ipv4Network";

/** The rules between a network's addresses. Each reports one property, and passes over what is malformed itself. */
export const checkAddresses: CrossCheck = (inputs, report) => {
  const { hostIp = defaultHostIp, prefix = defaultPrefix, guestSubnet, vethSubnet, netns } = inputs;
  const tap = tapNetworkOf(hostIp, prefix);
  if (tap !== undefined) checkHostIp(String(hostIp), tap, report);
  checkGuestSubnet(guestSubnet, tap, hostIp, report);
  checkVethSubnet(vethSubnet, tap, netns, report);
};

/** What the link's end in the namespace is called (fc_host/network/plan.py). */
const innerVeth = "uplink0";

/** Two devices of one namespace cannot have one name. */
export const checkTapName: CrossCheck = ({ tapName, netns, uplink }, report) => {
  const refuse = (other: string): void => {
    report("tapName", expected("tapName", `another name than ${other}`, tapName));
  };
  if (typeof tapName !== "string" || isUnknown(tapName)) return;
  if (netns !== undefined && netns !== null && tapName === innerVeth)
    refuse("that of the link to the namespace");
  if ((netns === undefined || netns === null) && tapName === uplink) refuse("`uplink`");
};

/** What has not even this form is reported by the schema; an unknown value has not got it either. */
export const networkPattern = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;

type Report = Parameters<CrossCheck>[1];
type Network = ReturnType<typeof networkAround>;

function tapNetworkOf(hostIp: unknown, prefix: unknown): Network | undefined {
  const isKnown = typeof hostIp === "string" && isIPv4(hostIp) && Number.isInteger(prefix);
  if (!isKnown || Number(prefix) < 8 || Number(prefix) > 30) return undefined;
  return networkAround(hostIp, Number(prefix));
}

function checkHostIp(hostIp: string, tap: Network, report: Report): void {
  const number = toNumber(hostIp);
  if (number !== tap.first && number !== tap.last) return;
  const kind = number === tap.first ? "the network's own address" : "the broadcast address";
  report(
    "hostIp",
    expected("hostIp", `an address of a device, and not ${kind} of ${formatIpv4Network(tap)}`, hostIp),
  );
}

function checkGuestSubnet(value: unknown, tap: Network | undefined, hostIp: unknown, report: Report): void {
  if (typeof value !== "string" || !networkPattern.test(value)) return;
  const subnet = parseIpv4Network(value);
  const refuse = (expectation: string): void => {
    report("guestSubnet", expected("guestSubnet", expectation, value));
  };
  if (subnet === undefined) {
    refuse("an IPv4 network that starts at its first address, such as 172.16.0.0/24");
  } else if (tap !== undefined && !containsNetwork(tap, subnet)) {
    refuse(`within the TAP device's network ${formatIpv4Network(tap)} (\`hostIp\` and \`prefix\`)`);
  } else if (subnet.prefix === 32 && subnet.first === toNumber(String(hostIp))) {
    refuse("other addresses than `hostIp`, which is the host's");
  }
}

function checkVethSubnet(value: unknown, tap: Network | undefined, netns: unknown, report: Report): void {
  if (typeof value !== "string" || !networkPattern.test(value)) return;
  const subnet = parseIpv4Network(value);
  const refuse = (expectation: string): void => {
    report("vethSubnet", expected("vethSubnet", expectation, value));
  };
  if (subnet?.prefix !== 30) {
    refuse("a /30 of IPv4 that starts at its first address, such as 10.201.0.0/30");
  } else if (/^(0|127|169\.254|22[4-9]|2[3-5]\d)\./.test(value)) {
    refuse("a /30 of addresses that devices can have");
  } else if (tap !== undefined && overlaps(tap, subnet)) {
    refuse(`apart from the TAP device's network ${formatIpv4Network(tap)}`);
  } else if (netns === undefined || netns === null) {
    refuse("absent without `netns`: in the host's own namespace there is no link that would need it");
  }
}
