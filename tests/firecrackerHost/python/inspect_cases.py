import json
import os
import sys
import tempfile
import unittest

# Beside the task server's sources, which the runner puts first.
sys.path.insert(1, os.path.join(os.path.dirname(sys.path[0]), "hostProgram"))

from fc_host.inspect import cpu, kernel, memory, network, preflight, system
from fc_host.inspect.facts import read_text
from fc_host.inspect.finding import Finding
from fc_host.inspect.kvm import check_kvm
from task_server.refusal import Refusal


class FakeRoot(unittest.TestCase):
    """A folder with files of /proc and /sys in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def put(self, path, text):
        path = self.root + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


class Processors(FakeRoot):
    def flags(self, flags, kvm_works=True):
        self.put("/proc/cpuinfo", f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
        return [(f.level, f.name) for f in cpu.check_virtualisation(self.root, "x86_64", kvm_works)]

    def test_flags(self):
        """takes VMX and SVM as virtualisation"""
        self.assertEqual(self.flags("fpu vmx"), [("ok", "virtualisation")])
        self.assertEqual(self.flags("fpu svm"), [("ok", "virtualisation")])

    def test_no_flags(self):
        """takes their absence as an error, and as a warning where KVM works nevertheless"""
        self.assertEqual(self.flags("fpu", kvm_works=False), [("error", "virtualisation")])
        self.assertEqual(self.flags("fpu"), [("warning", "virtualisation")])
        self.assertEqual(self.flags("vmxnet svmx", kvm_works=False), [("error", "virtualisation")])

    def test_nested(self):
        """warns of a host that is a virtual machine"""
        self.assertEqual(self.flags("vmx hypervisor"), [("ok", "virtualisation"), ("warning", "nested")])

    def test_other_architecture(self):
        """looks for no flags where processors have none"""
        self.assertEqual(cpu.check_virtualisation(self.root, "aarch64", True), [])

    def test_threads(self):
        """warns of threads that share a core"""
        for text, level in (("1\n", "warning"), ("0\n", "ok"), (None, "ok")):
            if text is not None:
                self.put("/sys/devices/system/cpu/smt/active", text)
            else:
                os.unlink(f"{self.root}/sys/devices/system/cpu/smt/active")
            self.assertEqual(cpu.check_threads(self.root).level, level)


class Kernels(FakeRoot):
    def level(self, release):
        self.put("/proc/sys/kernel/osrelease", release + "\n")
        return kernel.check_kernel(self.root).level

    def test_versions(self):
        """takes the kernels that Firecracker's tests cover, and warns of others, newer or older"""
        for release in ("5.10.0-30-amd64", "6.1.155", "6.18.44-fc"):
            self.assertEqual(self.level(release), "ok", release)
        for release in ("4.14.1", "5.15.0-91-generic", "6.10.1", "6.8.0", "7.0.0", "odd"):
            self.assertEqual(self.level(release), "warning", release)

    def test_cgroups(self):
        """tells the versions of cgroups apart"""
        self.assertEqual(kernel.check_cgroups(self.root).message, "there are no cgroups")
        self.put("/proc/cgroups", "#subsys_name\n")
        self.assertEqual(kernel.check_cgroups(self.root).level, "warning")
        self.put("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
        self.assertEqual(kernel.check_cgroups(self.root).level, "ok")

    def test_apparmor(self):
        """warns where AppArmor confines Firecracker, and says nothing where there is none"""
        self.assertEqual(kernel.check_apparmor(self.root), [])
        self.put("/sys/module/apparmor/parameters/enabled", "Y\n")
        self.put("/sys/kernel/security/apparmor/profiles", "/usr/bin/man (enforce)\n/usr/bin/jailer (complain)\n")
        self.assertEqual([f.level for f in kernel.check_apparmor(self.root)], ["ok"])
        self.put("/sys/kernel/security/apparmor/profiles", "/usr/bin/jailer (enforce)\n")
        self.assertIn("/usr/bin/jailer", kernel.check_apparmor(self.root)[0].message)


class Memory(FakeRoot):
    def test_available(self):
        """warns of too little memory, and otherwise names no figure that changes by itself"""
        self.put("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 204800 kB\n")
        self.assertEqual(memory.check_memory(self.root)[:3], ("warning", "memory", "200 of 8192 MiB are available"))
        self.put("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4204800 kB\n")
        found = memory.check_memory(self.root)
        self.assertEqual(found.level, "ok")
        self.assertNotIn("4106", found.message)

    def test_swap(self):
        """warns of swap and names it"""
        header = "Filename\tType\tSize\tUsed\tPriority\n"
        self.put("/proc/swaps", header)
        self.assertEqual(memory.check_swap(self.root).level, "ok")
        self.put("/proc/swaps", f"{header}/dev/sda2 partition 100 0 -2\n/swapfile file 100 0 -3\n")
        self.assertIn("/dev/sda2, /swapfile", memory.check_swap(self.root).message)

    def test_same_page_merging(self):
        """warns of same-page merging only while it runs"""
        self.assertEqual(memory.check_same_page_merging(self.root).level, "ok")
        for text, level in (("0\n", "ok"), ("1\n", "warning")):
            self.put("/sys/kernel/mm/ksm/run", text)
            self.assertEqual(memory.check_same_page_merging(self.root).level, level)

    def test_huge_pages(self):
        """says how many huge pages are reserved"""
        self.put("/proc/meminfo", "HugePages_Total:     512\n")
        self.put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
        self.assertEqual(memory.check_huge_pages(self.root).message, "512 of 2 MiB reserved; transparent ones: madvise")


class Networks(FakeRoot):
    def test_drops(self):
        """finds the chains on the forward hook whose policy is drop, and no others"""
        chain = {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}
        entries = [
            {"metainfo": {}},
            {"chain": chain},
            {"chain": {**chain, "name": "INPUT", "hook": "input"}},
            {"chain": {**chain, "name": "ok", "policy": "accept"}},
            {"chain": {"family": "ip", "table": "filter", "name": "DOCKER"}},
        ]
        self.assertEqual(network.find_drops(json.dumps({"nftables": entries})), [("ip", "filter", "FORWARD")])
        for odd in (None, "", "no JSON", "{}"):
            self.assertEqual(network.find_drops(odd), [])

    def test_nft(self):
        """wants nft, and not an old one"""
        self.assertEqual(network._check_nft("nftables v1.0.6 (Lester Gooch #5)", True).level, "ok")
        self.assertIn("0.9.3 or newer", network._check_nft("nftables v0.9.2", True).message)
        self.assertIn("there is no nft", network._check_nft(None, False).message)
        self.assertIn("does not run", network._check_nft(None, True).message)

    def test_devices(self):
        """wants the TUN device, and no vhost-vsock"""
        self.assertEqual([f.level for f in network.check_devices(self.root)], ["error", "ok"])
        self.put("/dev/net/tun", "")
        self.assertEqual([f.level for f in network.check_devices(self.root)], ["ok", "ok"])


class Kvm(FakeRoot):
    def test_absent(self):
        """says that there is no KVM, and how to get it"""
        found = check_kvm(f"{self.root}/kvm")
        self.assertEqual(found.level, "error")
        self.assertIn("there is no", found.message)

    def test_other_device(self):
        """takes a device that is something else for no KVM, and leaves no descriptor open"""
        before = len(os.listdir("/proc/self/fd"))
        self.assertEqual(check_kvm("/dev/null").level, "error")
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_fit(self):
        """refuses a host without KVM only where KVM is required, and one of another architecture always"""
        broken = Finding("error", "kvm", "there is no /dev/kvm", "Load it.")
        with self.assertRaises(Refusal) as caught:
            preflight.require_fit([broken], True)
        self.assertIn("requireKvm", caught.exception.hint)
        preflight.require_fit([broken, Finding("error", "nft", "none")], False)
        preflight.require_fit([broken._replace(level="warning")], True)
        with self.assertRaises(Refusal):
            preflight.require_fit([Finding("error", "architecture", "riscv64")], False)


class System(FakeRoot):
    def test_disk(self):
        """looks at the disk of a folder that is not there yet"""
        path = f"{self.root}/a/b/c"
        self.assertIn(path, system.check_disk(path).message)
        self.assertFalse(os.path.exists(f"{self.root}/a"))

    def test_whole(self):
        """looks at this very machine without a fault, and twice finds the same"""
        first = preflight.inspect_host(self.root)
        self.assertEqual(first, preflight.inspect_host(self.root))
        self.assertEqual(len({finding.name for finding in first}), len(first))
        self.assertLessEqual({finding.level for finding in first}, {"ok", "warning", "error"})

    def test_unreadable(self):
        """reads nothing out of a file that cannot be read"""
        self.assertIsNone(read_text(self.root))
