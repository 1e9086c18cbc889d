"""Downloads a file and believes it only when its SHA-256 is the one that was named."""

from __future__ import annotations

import hashlib
import os
import select
import shutil
import time
import urllib.error
import urllib.request
from http.client import HTTPException

from task_server.refusal import Refusal

CHUNK = 1024 * 1024
# Without a byte for so long, the other end is given up.
SILENCE_SECONDS = 60.0
HINT = "Check `nodeUrl` and `nodeSha256`, and that the host reaches that address."


def download(what: str, url: str, sha256: str, path: str, deadline: float) -> None:
    result = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=SILENCE_SECONDS) as answer, open(path, "xb") as file:
            while data := answer.read(CHUNK):
                result.update(data)
                file.write(data)
                _check_time(what, deadline)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise Refusal("download_failed", f"{what} cannot be downloaded from {url}: {reason}", HINT) from error
    if result.hexdigest() != sha256:
        os.unlink(path)
        raise Refusal(
            "wrong_checksum",
            f"{what} from {url} has the SHA-256 {result.hexdigest()}, and not {sha256}",
            HINT,
        )


def _check_time(what: str, deadline: float) -> None:
    poller = select.poll()
    poller.register(1, 0)
    if poller.poll(0):
        raise Refusal("abandoned", "the connection is gone")
    if time.monotonic() > deadline:
        raise Refusal("timed_out", f"{what} was not downloaded in time", "Raise `timeoutSeconds`.")


# Where distributions keep the authorities that the host trusts.
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")


def copy_authorities(path: str) -> bool:
    """Copies the authorities that the host trusts, its own ones too. False where there are none."""
    for bundle in _BUNDLES:
        if os.path.exists(bundle):
            shutil.copyfile(bundle, path)
            return True
    return False
