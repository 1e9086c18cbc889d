"""Calls of a VM's API whose fault is the reason that something is not done."""

from __future__ import annotations

from task_server.refusal import Refusal

from ..vm.api_call import call_api


def call(socket: str, method: str, target: str, body: object, seconds: float) -> dict[str, object]:
    """The answer's body. Firecracker's refusal is worded with the call that caused it; bodies are never shown."""
    answer = call_api(socket, method, target, body, seconds)
    if answer is None:
        raise Refusal(
            "api_silent",
            f"Firecracker gave no whole answer to `{method} {target}` within {seconds:.0f} s",
            "The microVM's process may have ended; its serial log says more.",
        )
    if answer.status >= 300:
        fault = answer.body.get("fault_message") or answer.body.get("error") or "it does not say why"
        raise Refusal("fault", f"Firecracker refused `{method} {target}`: {str(fault).strip()} ({answer.status})")
    return answer.body
