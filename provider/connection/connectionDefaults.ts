/** What holds when neither the input nor ~/.ssh/config says otherwise; the same as in `@pulumi/command`. */
export const connectionDefaults = {
  port: 22,
  user: "root",
  dialErrorLimit: 10,
  perDialTimeout: 15,
  knownHosts: "~/.ssh/known_hosts",
} as const;
