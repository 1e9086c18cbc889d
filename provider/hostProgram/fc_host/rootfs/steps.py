"""The steps of a build, each a program in the tree or beside it."""

from __future__ import annotations

import json
import os
import platform
import re
from typing import Callable

from task_server.refusal import Refusal

from . import tree
from .contained import Program, run_contained
from .counting import count_packages
from .download import copy_authorities, download
from .requirements import find_script
from .spec import Spec

Report = Callable[[str], None]

# What every agent's machine has. Node.js and Claude Code are not the distribution's: Claude Code 2.1 asks for Node.js
# 22 (`engines` in its package.json), and Ubuntu 24.04 has 18, Debian 12 has 18, Debian 13 has 20.
BASE_PACKAGES = ["ca-certificates", "curl", "git", "iproute2", "procps", "less"]
# Only there while the image is built.
WORK = "/var/cache/fc-build"
AUTHORITIES = f"{WORK}/ca.crt"
CLAUDE_FOLDER = "/opt/claude-code"
CLAUDE_PACKAGE = "@anthropic-ai/claude-code"
POLICY = "/usr/sbin/policy-rc.d"
_NODE_LEFT_OUT = ["include", "share/doc", "share/man", "CHANGELOG.md", "README.md", "LICENSE"]


def bootstrap(spec: Spec, root: str, deadline: float, report: Report) -> None:
    """The base system, with all signatures and checksums verified by debootstrap."""
    argv = ["debootstrap", "--variant=minbase", f"--keyring={spec.keyring}", "--force-check-gpg"]
    argv += [f"--components={','.join(spec.components)}", "--include=ca-certificates"]
    argv += [spec.suite, root, spec.mirror, *find_script(spec)]
    program = Program(f"debootstrap of {spec.suite} from {spec.mirror}", argv)
    try:
        run_contained(program, deadline, count_packages("debootstrap", report))
    except Refusal as refusal:
        if refusal.code != "build_failed":
            raise
        hint = "Check `suite`, `mirror`, `components` and `keyring`, and that the host reaches the mirror."
        raise Refusal(refusal.code, refusal.message, hint, refusal.log_tail) from refusal
    prepare(root)


def prepare(root: str) -> None:
    """Makes the tree a place where packages can be installed: names resolve as on the host, and nothing is started."""
    os.makedirs(tree.locate(root, WORK), mode=0o700, exist_ok=True)
    copy_authorities(tree.locate(root, AUTHORITIES))
    for path in ("/etc/resolv.conf", "/etc/hosts"):
        with open(path, encoding="utf-8") as file:
            tree.write_file(root, path, file.read())
    # What invoke-rc.d asks before it starts a service: 101 forbids it.
    tree.write_file(root, POLICY, "#!/bin/sh\nexit 101\n", 0o755)


def install_packages(spec: Spec, root: str, deadline: float, report: Report) -> None:
    suites = [spec.suite, *spec.update_suites]
    sources = "".join(f"deb {spec.mirror} {suite} {' '.join(spec.components)}\n" for suite in suites)
    tree.write_file(root, "/etc/apt/sources.list", sources)
    packages = sorted({*BASE_PACKAGES, *spec.packages})
    _apt("update", ["update"], root, deadline)
    count = count_packages("apt-get", report)
    if spec.update_suites:
        _apt("dist-upgrade", ["dist-upgrade"], root, deadline, count)
    report(f"apt-get: installing {', '.join(packages)}")
    _apt("install", ["install", "--no-install-recommends", *packages], root, deadline, count)


def _apt(
    verb: str, args: list[str], root: str, deadline: float, on_line: Callable[[str], None] = lambda _line: None
) -> None:
    options = ["-q", "-y", "-o", "Dpkg::Options::=--force-confnew", "-o", "APT::Update::Error-Mode=any"]
    if os.path.exists(tree.locate(root, AUTHORITIES)):
        options += ["-o", f"Acquire::https::CAInfo={AUTHORITIES}"]
    program = Program(f"apt-get {verb}", ["apt-get", *options, *args], root, {"DEBIAN_FRONTEND": "noninteractive"})
    try:
        run_contained(program, deadline, on_line)
    except Refusal as refusal:
        if refusal.code != "build_failed":
            raise
        hint = "Check `packages`, `components` and `updateSuites` (a mirror may have no such suite)."
        raise Refusal(refusal.code, refusal.message, hint, refusal.log_tail) from refusal


def install_node(spec: Spec, root: str, deadline: float, report: Report) -> None:
    machine = platform.machine()
    release = spec.node.get(machine) or spec.node.get("any")
    if release is None:
        raise Refusal("no_node", f"no release of Node.js is known for {machine}", "Set `nodeUrl` and `nodeSha256`.")
    report(f"Node.js: downloading {release['url'].rsplit('/', 1)[-1]}")
    archive = os.path.join(tree.locate(root, WORK), "node.tar")
    download("Node.js", release["url"], release["sha256"], archive, deadline)
    left_out = [f"--exclude=*/{name}" for name in _NODE_LEFT_OUT]
    target = tree.resolve_inside(root, "/usr/local")
    argv = ["tar", "-x", "-f", archive, "-C", target, "--strip-components=1", "--no-same-owner", *left_out]
    run_contained(Program("unpacking Node.js", argv), deadline)
    _ask_version("Node.js", ["node", "--version"], root, deadline)


def install_claude(spec: Spec, root: str, deadline: float, report: Report) -> None:
    """Into a folder of its own, in which npm notes what it has verified."""
    report(f"npm: installing Claude Code {spec.claude_code_version}")
    os.makedirs(tree.locate(root, CLAUDE_FOLDER), mode=0o755)
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", f"--cache={WORK}/npm"]
    # It refuses a Node.js that is older than the package asks for.
    registry = [f"--registry={spec.npm_registry}"] if spec.npm_registry else []
    install = ["npm", "install", f"--prefix={CLAUDE_FOLDER}", *registry, "--engine-strict"]
    install += ["--ignore-scripts", "--save-exact", *quiet, f"{CLAUDE_PACKAGE}@{spec.claude_code_version}"]
    trusted = os.path.exists(tree.locate(root, AUTHORITIES))
    env = {"NODE_EXTRA_CA_CERTS": AUTHORITIES} if trusted else {}
    try:
        run_contained(Program("npm install", install, root, env), deadline)
    except Refusal as refusal:
        if refusal.code != "build_failed":
            raise
        hint = "Check `claudeCodeVersion` and `npmRegistry`, and that the host reaches the registry."
        raise Refusal(refusal.code, refusal.message, hint, refusal.log_tail) from refusal
    check_integrity(spec, root)
    # The package's script puts the program for this machine into its place.
    rebuild = ["npm", "rebuild", f"--prefix={CLAUDE_FOLDER}", *quiet]
    run_contained(Program("npm rebuild", rebuild, root), deadline)
    command = tree.locate(root, "/usr/local/bin/claude")
    os.symlink(f"{CLAUDE_FOLDER}/node_modules/.bin/claude", command)
    found = _ask_version("Claude Code", ["claude", "--version"], root, deadline)
    if not found.startswith(spec.claude_code_version):
        raise Refusal("build_failed", f"Claude Code in the image says that it is {found}")


def check_integrity(spec: Spec, root: str) -> None:
    """Compares what npm has installed and verified with what the stack names. No code of it has run so far."""
    path = tree.locate(root, f"{CLAUDE_FOLDER}/node_modules/.package-lock.json")
    with open(path, encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    strangers = {
        re.sub(r"^.*node_modules/", "", name): str(facts.get("integrity"))
        for name, facts in packages.items()
        if facts.get("integrity") not in spec.claude_code_integrity
    }
    if spec.claude_code_integrity and strangers:
        found = ", ".join(f"{name} {integrity}" for name, integrity in sorted(strangers.items()))
        raise Refusal(
            "wrong_checksum",
            f"`claudeCodeIntegrity` does not name what the registry has: {found}",
            "If that is what you want, add it there.",
        )


def _ask_version(what: str, argv: list[str], root: str, deadline: float) -> str:
    env = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CONFIG_DIR": f"{WORK}/claude"}
    return run_contained(Program(f"{what} in the image", argv, root, env), deadline).strip()
