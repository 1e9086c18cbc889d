import type { SshCall } from "./openSsh";

const table = "byhand";
const [hostDevice, innerDevice] = ["vhand0", "vhand1"];
const link = { host: "10.201.255.1", inner: "10.201.255.2", subnet: "10.201.255.0/30" };

/**
 * A guest's network as people make it today: `ip`, `sysctl` and `nft` through the OpenSSH client, as few calls as a
 * script that can tell what has failed makes of them.
 */
export class NetworkByHand {
  public constructor(
    private readonly call: SshCall,
    private readonly netns: string,
    private readonly uplink: string,
  ) {}

  public async make(): Promise<void> {
    const { netns } = this;
    const inner = `ip -n ${netns}`;
    await this.run(
      `ip netns add ${netns}`,
      `ip link add ${hostDevice} type veth peer name ${innerDevice} netns ${netns}`,
      `ip address add ${link.host}/30 dev ${hostDevice}`,
      `ip link set ${hostDevice} up`,
      `${inner} address add ${link.inner}/30 dev ${innerDevice}`,
      `${inner} link set ${innerDevice} up`,
      `${inner} link set lo up`,
      `${inner} route add default via ${link.host}`,
    );
    await this.run(
      `${inner} tuntap add tap0 mode tap`,
      `${inner} link set tap0 address 06:fc:00:00:00:01 up`,
      `${inner} address add 172.16.0.1/24 dev tap0`,
    );
    await this.run(
      "sysctl -q -w net.ipv4.ip_forward=1",
      `nsenter --net=/run/netns/${netns} sysctl -q -w net.ipv4.ip_forward=1`,
    );
    await this.call(
      "nft -f -",
      `table inet ${table} {
        chain nat { type nat hook postrouting priority srcnat; ip saddr ${link.subnet} oifname ${this.uplink} masquerade; }
        chain out {
          type filter hook forward priority filter;
          iifname ${hostDevice} ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16 } drop
        }
      }\n`,
    );
    await this.call(
      `nsenter --net=/run/netns/${netns} nft -f -`,
      `table inet ${table} {
        chain nat { type nat hook postrouting priority srcnat; oifname ${innerDevice} masquerade; }
      }\n`,
    );
  }

  public async observe(): Promise<void> {
    const { netns } = this;
    await this.run(`ip -j address show dev ${hostDevice}`, `nft -j list table inet ${table}`);
    await this.run(
      `ip -j -n ${netns} address`,
      `ip -j -n ${netns} route`,
      `nsenter --net=/run/netns/${netns} nft -j list table inet ${table}`,
    );
  }

  public async remove(): Promise<void> {
    // The pair goes with either of its ends.
    await this.run(`nft delete table inet ${table}`, `ip link delete ${hostDevice}`);
    await this.run(`ip netns delete ${this.netns}`);
  }

  private async run(...commands: string[]): Promise<void> {
    await this.call(commands.join(" && "));
  }
}
