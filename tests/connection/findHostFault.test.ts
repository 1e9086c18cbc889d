import assert from "node:assert/strict";
import { findHostFault } from "../../provider/connection/findHostFault";

describe("findHostFault", () => {
  for (const host of [
    "fc.example.com",
    "localhost",
    "127.0.0.1",
    "::1",
    "fe80::1%eth0",
    "host",
    "fc_1",
    "my-host",
    "bücher.example",
    "null.example.com",
    "todo.example.com",
    "yourk.example.com",
    "xn--bcher-kva.example",
  ]) {
    it(`accepts ${host}`, () => {
      assert.equal(findHostFault(host), undefined);
    });
  }

  for (const host of [
    "",
    "  ",
    "null",
    "undefined",
    "NaN",
    "None",
    "[object Object]",
    "<host>",
    "${host}",
    "$HOST",
    "{{ host }}",
    "%HOST%",
    "your-host",
    "YOUR_SERVER_IP",
    "your-host.example.com",
    "yourserver",
    "example",
    "CHANGEME",
    "change-me",
    "replace_me",
    "TODO",
    "TBD",
    "xxx",
    "placeholder",
    "insert-host-here",
    "root@fc.example.com",
    "ssh://fc.example.com",
    "fc.example.com:22",
    "[::1]:22",
    "a b",
    "-oProxyCommand=x",
    "fc\n",
    "a/b",
    "a;b",
    "x".repeat(256),
    "Calling [toString] on an [Output<T>] is not supported.",
  ]) {
    it(`refuses ${JSON.stringify(host.slice(0, 40))}`, () => {
      assert.notEqual(findHostFault(host), undefined);
    });
  }
});
