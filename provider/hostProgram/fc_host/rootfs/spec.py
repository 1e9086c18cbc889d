"""What an image is to be, as the provider asks for it."""

from __future__ import annotations

from typing import NamedTuple, cast


class Spec(NamedTuple):
    # Names all that only a new build can change.
    build_hash: str
    # Names what can be changed in an image as it is.
    files_hash: str
    agent_hash: str
    agent: str
    suite: str
    mirror: str
    components: list[str]
    update_suites: list[str]
    keyring: str
    size_mib: int
    packages: list[str]
    # By the machine's name in `uname -m`: address and SHA-256 of a Node.js release.
    node: dict[str, dict[str, str]]
    # Empty: npm's own.
    npm_registry: str
    claude_code_version: str
    # The npm packages that may be installed for it, by their integrity. Empty: whatever the registry has.
    claude_code_integrity: list[str]
    resolvers: list[str]

    @staticmethod
    def of(args: dict[str, object]) -> Spec:
        wanted = cast("dict[str, object]", args["spec"])
        return Spec._make(wanted[_camel(name)] for name in Spec._fields)

    def small_files(self) -> list[SmallFile]:
        """The files that are changed without a build."""
        name_servers = "".join(f"nameserver {address}\n" for address in self.resolvers)
        return [SmallFile("/sbin/fc-agent", 0o755, self.agent), SmallFile("/etc/resolv.conf", 0o644, name_servers)]


class SmallFile(NamedTuple):
    path: str
    mode: int
    text: str


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
