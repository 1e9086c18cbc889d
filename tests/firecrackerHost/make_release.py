"""Makes an archive as the project releases it: `make_release.py ARCHIVE`, with its members as JSON on standard input.

A member is {"name", "text"}, or {"name", "hex"}, or {"name", "link"}.
"""

import io
import json
import sys
import tarfile

with tarfile.open(sys.argv[1], "w:gz", compresslevel=1) as archive:
    for member in json.load(sys.stdin):
        entry = tarfile.TarInfo(member["name"])
        entry.mode = 0o700
        if "link" in member:
            entry.type = tarfile.SYMTYPE
            entry.linkname = member["link"]
            archive.addfile(entry)
            continue
        data = bytes.fromhex(member["hex"]) if "hex" in member else member["text"].encode()
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
