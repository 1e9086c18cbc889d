import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { skipBecause } from "../support/skipBecause";
import { temporaryFolder, type TemporaryFolder } from "../support/temporaryFolder";
import { runPython } from "./runPython";

interface RefusalText {
  code: string;
  message: string;
  hint?: string;
  logTail?: string;
}

const text = JSON.stringify;

describe("the host's side of GuestRootfs", () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  describe("plan", () => {
    const cases: [string, string, object | null, string][] = [
      ["builds what is not there", "absent", null, "build"],
      ["builds what an interrupted creation has only begun", "absent", { owner: "o" }, "build"],
      ["builds a damaged image anew", "damaged", { buildHash: "b", filesHash: "f" }, "build"],
      ["builds anew for other inputs", "present", { buildHash: "other", filesHash: "f" }, "build"],
      ["replaces files for another guest agent", "present", { buildHash: "b", filesHash: "other" }, "files"],
      ["does nothing where all is the same", "present", { buildHash: "b", filesHash: "f" }, "none"],
    ];
    for (const [title, status, record, action] of cases) {
      it(title, async () => {
        const found = await runPython<string>(`
from types import SimpleNamespace
from fc_host.rootfs.ensure import plan
show(plan(SimpleNamespace(build_hash="b", files_hash="f"), ${text(status)}, json.loads(${text(text(record))})))`);
        assert.equal(found, action);
      });
    }
  });

  describe("the tree", () => {
    it("takes links for what they mean inside of it, however they try to leave", async () => {
      const root = join(folder.path, "root");
      mkdirSync(join(root, "usr/sbin"), { recursive: true });
      mkdirSync(join(root, "etc"));
      symlinkSync("usr/sbin", join(root, "sbin"));
      symlinkSync("/etc", join(root, "absolute"));
      symlinkSync("../../../../..", join(root, "up"));
      const outside = join(folder.path, "outside");
      writeFileSync(outside, "mine");
      symlinkSync(outside, join(root, "etc/resolv.conf"));
      const places = await runPython<string[]>(`
from fc_host.rootfs.tree import locate, write_file
root = ${text(root)}
write_file(root, "/etc/resolv.conf", "ours")
write_file(root, "/sbin/fc-agent", "agent", 0o755)
show([locate(root, path).removeprefix(root) for path in ("/sbin/fc-agent", "/absolute/passwd", "/up/etc/x", "/../y")])`);
      assert.deepEqual(places, ["/usr/sbin/fc-agent", "/etc/passwd", "/etc/x", "/y"]);
      assert.equal(readFileSync(outside, "utf8"), "mine");
      assert.equal(readFileSync(join(root, "etc/resolv.conf"), "utf8"), "ours");
      assert.equal(readFileSync(join(root, "usr/sbin/fc-agent"), "utf8"), "agent");
    });
  });

  describe("the hash of an image", () => {
    it("is the same for holes and zeros, and another one for another byte, place or size", async () => {
      const [holes, zeros, moved, longer] = ["holes", "zeros", "moved", "longer"].map((name) =>
        join(folder.path, name),
      ) as [string, string, string, string];
      const mib = 1024 * 1024;
      const data = Buffer.alloc(4096, 7);
      writeFileSync(zeros, Buffer.concat([Buffer.alloc(3 * mib), data, Buffer.alloc(5 * mib - 4096)]));
      writeFileSync(moved, Buffer.concat([Buffer.alloc(4 * mib), data, Buffer.alloc(4 * mib - 4096)]));
      writeFileSync(longer, readFileSync(zeros));
      truncateSync(longer, 9 * mib);
      const hashes = await runPython<string[]>(`
from fc_host.rootfs.image import hash_data
with open(${text(holes)}, "wb") as file:
    file.truncate(${8 * mib})
    file.seek(${3 * mib})
    file.write(bytes([7]) * 4096)
show([hash_data(path) for path in ${text([holes, zeros, moved, longer])}])`);
      assert.equal(hashes[0], hashes[1]);
      assert.equal(new Set(hashes).size, 3);
    });
  });

  it("names who has a file open", async () => {
    const file = join(folder.path, "image");
    writeFileSync(file, "");
    const users = await runPython<[string[], string[]]>(`
from fc_host.rootfs.image import find_users
before = find_users(${text(file)})
with open(${text(file)}):
    os.link(${text(file)}, ${text(`${file}.link`)})
    show([before, find_users(${text(`${file}.link`)})])`);
    assert.deepEqual(users[0], []);
    assert.match(users[1].join(), /^python3?[\d.]* \(\d+\)$/);
  });

  it("counts packages in what debootstrap and apt-get print, and reports twice a second at most", async () => {
    const reports = await runPython<string[]>(`
from fc_host.rootfs.counting import count_packages
reports, now = [], [0.0]
for program, lines in (("debootstrap", ["I: Retrieving libc6 2.36", "I: Unpacking the base system...", "I: Unpacking dpkg..."]),
                       ("apt-get", ["Get:1 http://x git", "Unpacking git (1) ...", "Setting up git (1) ..."])):
    listen = count_packages(program, reports.append, lambda: now[0])
    for line in lines:
        now[0] += 1
        listen(line)
listen = count_packages("fast", reports.append, lambda: now[0])
for number in range(100):
    listen("Setting up x")
show(reports)`);
    assert.deepEqual(reports, [
      "debootstrap: 1 package downloaded",
      "debootstrap: 1 package unpacked",
      "apt-get: 1 package downloaded",
      "apt-get: 1 package unpacked",
      "apt-get: 1 package configured",
      "fast: 1 package configured",
    ]);
  });

  describe("the requirements", () => {
    it("name each missing tool, and the packages that have them", async () => {
      const { message, hint } = await runPython<RefusalText>(`
from fc_host.rootfs.requirements import require_tools
show(refusal_of(lambda: require_tools({"fct-no-such": "one", "fct-neither": "two", "sh": "dash"})))`);
      assert.match(message, /has no fct-no-such, fct-neither$/);
      assert.match(hint ?? "", /apt-get install one two$/);
    });

    it("name the package of a keyring that is missing", async () => {
      const { message, hint } = await runPython<RefusalText>(`
from fc_host.rootfs.requirements import require_keyring
show(refusal_of(lambda: require_keyring("/none.gpg")))`);
      assert.match(message, /no keyring \/none\.gpg/);
      assert.match(hint ?? "", /ubuntu-keyring for Ubuntu.*`keyring`/);
    });

    it("say how much room there is and how much is needed", async () => {
      const { code, message } = await runPython<RefusalText>(`
from fc_host.rootfs.requirements import require_room
require_room("/tmp", 0)
show(refusal_of(lambda: require_room("/tmp", 10 ** 12)))`);
      assert.equal(code, "disk_full");
      assert.match(message, /has \d+ MiB left, and 1000000000000 MiB are needed/);
    });

    it("do not know a suite that debootstrap does not know", async () => {
      const { message } = await runPython<RefusalText>(`
from types import SimpleNamespace
from fc_host.rootfs.requirements import find_script
show(refusal_of(lambda: find_script(SimpleNamespace(suite="fct-none", keyring="/debian.gpg"))))`);
      assert.match(message, /does not know the suite fct-none/);
    });
  });

  describe("a download", () => {
    it("is believed only when its hash is the one that was named", async () => {
      const body = "the archive";
      const server = createServer((_request, response) => response.end(body)).listen(0, "127.0.0.1");
      await once(server, "listening");
      try {
        const { port } = server.address() as { port: number };
        const sha256 = createHash("sha256").update(body).digest("hex");
        const [good, bad] = ["good", "bad"].map((name) => join(folder.path, name)) as [string, string];
        const refusal = await runPython<RefusalText>(`
from fc_host.rootfs.download import download
url, deadline = "http://127.0.0.1:${port}/n.tar", time.monotonic() + 10
download("Node.js", url, ${text(sha256)}, ${text(good)}, deadline)
show(refusal_of(lambda: download("Node.js", url, "0" * 64, ${text(bad)}, deadline)))`);
        assert.equal(readFileSync(good, "utf8"), body);
        assert.equal(existsSync(bad), false);
        assert.equal(refusal.code, "wrong_checksum");
        assert.match(refusal.message, new RegExp(`has the SHA-256 ${sha256}, and not 0{64}`));
      } finally {
        server.close();
      }
    });

    it("that cannot be made names the address and the option", async () => {
      const refusal = await runPython<RefusalText>(`
from fc_host.rootfs.download import download
show(refusal_of(lambda: download("Node.js", "http://127.0.0.1:9/n.tar", "0" * 64, ${text(join(folder.path, "n"))}, time.monotonic() + 10)))`);
      assert.match(
        refusal.message,
        /Node\.js cannot be downloaded from http:\/\/127\.0\.0\.1:9\/n\.tar: .*refused/,
      );
      assert.match(refusal.hint ?? "", /`nodeUrl`/);
    });
  });

  it("refuses packages of npm whose integrity the stack does not name", async () => {
    mkdirSync(join(folder.path, "opt/claude-code/node_modules"), { recursive: true });
    writeFileSync(
      join(folder.path, "opt/claude-code/node_modules/.package-lock.json"),
      text({
        packages: {
          "node_modules/@anthropic-ai/claude-code": { integrity: "sha512-known" },
          "node_modules/@anthropic-ai/claude-code-linux-x64": { integrity: "sha512-strange" },
        },
      }),
    );
    const [any, refusal] = await runPython<[RefusalText | null, RefusalText]>(`
from types import SimpleNamespace
from fc_host.rootfs.steps import check_integrity
check = lambda known: refusal_of(lambda: check_integrity(SimpleNamespace(claude_code_integrity=known), ${text(folder.path)}))
show([check([]), check(["sha512-known"])])`);
    assert.equal(any, null);
    assert.match(refusal.message, /has: @anthropic-ai\/claude-code-linux-x64 sha512-strange$/);
  });

  it("says how large an image would have to be when its content does not fit", async function () {
    skipBecause(this, process.getuid?.() === 0 ? undefined : "namespaces need root");
    const hasTool = ["/sbin", "/usr/sbin"].some((path) => existsSync(join(path, "mkfs.ext4")));
    skipBecause(this, hasTool ? undefined : "mkfs.ext4 is not installed");
    const tree = join(folder.path, "tree");
    mkdirSync(tree);
    writeFileSync(join(tree, "big"), Buffer.alloc(24 * 1024 * 1024, 1));
    const [refusal, uuids] = await runPython<[RefusalText, string[]]>(`
from fc_host.rootfs.ext4 import make_image
make = lambda name, size: make_image(${text(tree)}, ${text(folder.path)} + "/" + name, size, "seed", time.monotonic() + 20)
make("one", 64)
make("two", 64)
uuids = []
for name in ("one", "two"):
    with open(${text(folder.path)} + "/" + name, "rb") as file:
        file.seek(1024 + 0x68)
        uuids.append(file.read(16).hex())
show([refusal_of(lambda: make("small", 16)), uuids])`);
    assert.equal(refusal.code, "image_full");
    assert.match(refusal.message, /does not fit into 16 MiB/);
    assert.match(refusal.hint ?? "", /`sizeMib`/);
    assert.equal(uuids[0], uuids[1]);
  });

  describe("a contained program", () => {
    before(function () {
      skipBecause(this, process.getuid?.() === 0 ? undefined : "namespaces need root");
    });

    it("sees mounts that nobody else sees, and its failure shows its last lines", async () => {
      const place = join(folder.path, "place");
      mkdirSync(place);
      const [seen, refusal] = await runPython<[string, RefusalText]>(`
from fc_host.rootfs.contained import Program, run_contained
script = 'mount -t tmpfs none "$1" && grep -c "$1" /proc/self/mountinfo || exit 1; echo $$; exit "$2"'
run = lambda code: run_contained(Program("it", ["sh", "-c", script, "sh", ${text(place)}, code]), time.monotonic() + 20)
show([run("0"), refusal_of(lambda: run("3"))])`);
      assert.match(seen, /^0\n1$|^1\n1$/);
      assert.equal(refusal.message, "it ended with 3");
      assert.match(refusal.logTail ?? "", /1$/);
      assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(place));
    });

    it("is ended at its deadline with all that it has started", async () => {
      const mark = `fct${process.pid}`;
      const refusal = await runPython<RefusalText>(`
from fc_host.rootfs.contained import Program, run_contained
script = 'setsid sh -c "sleep 600; : ${mark}" > /dev/null 2>&1 & echo started; sleep 600'
show(refusal_of(lambda: run_contained(Program("it", ["sh", "-c", script]), time.monotonic() + 1)))`);
      assert.equal(refusal.code, "timed_out");
      assert.match(refusal.hint ?? "", /`timeoutSeconds`/);
      assert.match(refusal.logTail ?? "", /started/);
      const left = await runPython<string[]>(`
def read(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return ""
show([pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid() and ": ${mark}" in read(pid) and "sleep 600" in read(pid) and "python" not in read(pid)])`);
      assert.deepEqual(left, []);
    });

    it("that does not exist is named", async () => {
      const refusal = await runPython<RefusalText>(`
from fc_host.rootfs.contained import Program, run_contained
show(refusal_of(lambda: run_contained(Program("it", ["fct-no-such"]), time.monotonic() + 10)))`);
      assert.match(refusal.logTail ?? "", /fct-no-such: No such file or directory/);
    });
  });
});
