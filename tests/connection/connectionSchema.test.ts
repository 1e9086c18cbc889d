import assert from "node:assert/strict";
import { z } from "zod";
import { connectionCrossChecks } from "../../provider/connection/connectionCrossChecks";
import { connectionSchema } from "../../provider/connection/connectionSchema";
import { unknownValue } from "../../provider/validation/unknownValue";
import { validateInputs } from "../../provider/validation/validateInputs";

const schema = z.object({ connection: connectionSchema });
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1Zr5rSU8vQ9yYfyJfQWmTzQ2Pjo6Y3v0Y0d0mZ5l2Q";

function findFailures(connection: unknown): Record<string, string> {
  const { failures } = validateInputs(schema, connectionCrossChecks, { connection });
  return Object.fromEntries(failures.map(({ property, reason }) => [property, reason]));
}

describe("connectionSchema", () => {
  it("fills in the defaults of @pulumi/command, but leaves port and user to ~/.ssh/config", () => {
    assert.deepEqual(connectionSchema.parse({ host: "fc.example.com" }), {
      host: "fc.example.com",
      insecureIgnoreHostKey: false,
      sudo: false,
      dialErrorLimit: 10,
      perDialTimeout: 15,
    });
  });

  it("accepts every field, of the proxy too", () => {
    const login = {
      host: "fc",
      port: 2222,
      user: "deploy",
      privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----",
      privateKeyPassword: "p",
      password: "q",
      agentSocketPath: "/run/agent",
      hostKey,
      knownHosts: "~/.ssh/known_hosts",
      insecureIgnoreHostKey: false,
      dialErrorLimit: -1,
      perDialTimeout: 0,
    };
    assert.deepEqual(findFailures({ ...login, sudo: true, proxy: login }), {});
  });

  it("reports all that is wrong at once, each with the property, the value and what is expected", () => {
    assert.deepEqual(
      findFailures({
        host: "null",
        port: 70_000,
        user: "a b",
        dialErrorLimit: -2,
        perDialTimeout: 1.5,
        sudo: "yes",
        proxy: { host: "", port: "22" },
      }),
      {
        "connection.host":
          "Expected `connection.host` to be a host name (this is the text of a value that was absent), got `null` (string)",
        "connection.port": "Expected `connection.port` to be a port from 1 to 65535, got `70000` (number)",
        "connection.user":
          "Expected `connection.user` to be a user name on the host, without blanks, got `a b` (string)",
        "connection.dialErrorLimit":
          "Expected `connection.dialErrorLimit` to be a number of attempts, or -1 for no limit, got `-2` (number)",
        "connection.perDialTimeout":
          "Expected `connection.perDialTimeout` to be a number of seconds from 0 (no limit) to 86400, got `1.5` (number)",
        "connection.sudo": "Expected `connection.sudo` to be true or false, got `yes` (string)",
        "connection.proxy.host":
          "Expected `connection.proxy.host` to be a host name, an address or an alias of ~/.ssh/config, got `` (string)",
        "connection.proxy.port":
          "Expected `connection.proxy.port` to be a port from 1 to 65535, got `22` (string)",
      },
    );
  });

  it("shows nothing of a secret, nor of a host key that may be one by mistake", () => {
    const secret = "hunter2-do-not-show";
    const failures = findFailures({
      host: "fc",
      privateKey: secret,
      hostKey: secret,
      password: "",
      privateKeyPassword: 5,
    });
    assert.deepEqual(Object.keys(failures).sort(), [
      "connection.hostKey",
      "connection.password",
      "connection.privateKey",
      "connection.privateKeyPassword",
    ]);
    assert.doesNotMatch(JSON.stringify(failures), /hunter2/);
  });

  it("says so when a path or a public key stands where the private key's text belongs", () => {
    for (const privateKey of ["~/.ssh/id_ed25519", hostKey]) {
      assert.match(findFailures({ host: "fc", privateKey })["connection.privateKey"] ?? "", /not its path/);
    }
  });

  it("refuses a misspelt property, which would be ignored otherwise", () => {
    assert.match(
      findFailures({ host: "fc", hostkey: hostKey })["connection"] ?? "",
      /no property `hostkey`; it knows host, port/,
    );
  });

  it("refuses something that is no object without showing it", () => {
    assert.match(findFailures("hunter2")["connection"] ?? "", /an object with at least a `host`/);
    assert.doesNotMatch(JSON.stringify(findFailures("hunter2")), /hunter2/);
  });

  it("waits with values that are not known yet", () => {
    assert.deepEqual(findFailures(unknownValue), {});
    assert.deepEqual(findFailures({ host: unknownValue, port: unknownValue, hostKey: unknownValue }), {});
  });
});

describe("connectionCrossChecks", () => {
  it("refuses the opt-out together with a host key or a known_hosts file, for the proxy too", () => {
    const both = { host: "fc", hostKey, insecureIgnoreHostKey: true };
    assert.deepEqual(findFailures({ ...both, proxy: { ...both, hostKey: undefined, knownHosts: "x" } }), {
      "connection.insecureIgnoreHostKey":
        "Expected `connection.insecureIgnoreHostKey` to be false when `connection.hostKey` is given: either the host key is checked or it is not",
      "connection.proxy.insecureIgnoreHostKey":
        "Expected `connection.proxy.insecureIgnoreHostKey` to be false when `connection.proxy.knownHosts` is given: either the host key is checked or it is not",
    });
  });

  it("leaves a host key that is not known yet to the next check", () => {
    assert.deepEqual(findFailures({ host: "fc", hostKey: unknownValue, insecureIgnoreHostKey: true }), {});
  });

  it("refuses sudo for root", () => {
    assert.match(findFailures({ host: "fc", user: "root", sudo: true })["connection.sudo"] ?? "", /root/);
    assert.deepEqual(findFailures({ host: "fc", user: "deploy", sudo: true }), {});
  });
});
