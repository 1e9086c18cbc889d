"""Packs the double into two programs of one file each, which run from wherever they are copied to.

python3 pack.py FOLDER      makes FOLDER/<hash of the sources>/{firecracker,jailer} if need be, prints that folder
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import marshal
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent / "firecracker_double"
_PROGRAMS = ("firecracker", "jailer")
_SHEBANG = b"#!/usr/bin/env python3\n"


def main() -> int:
    sources = sorted(_PACKAGE.glob("*.py"))
    digest = hashlib.sha256(sys.version.encode())
    for source in [Path(__file__), *sources]:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    folder = Path(sys.argv[1], digest.hexdigest()[:16])
    if not folder.exists():
        _make(folder, sources)
    print(folder)
    return 0


def _make(folder: Path, sources: list[Path]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Several test processes may do this at once: the first one's folder stays.
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder.parent))
    for name in _PROGRAMS:
        program = draft / name
        program.write_bytes(_SHEBANG + _pack(name, sources))
        program.chmod(0o755)
    draft.chmod(0o755)
    try:
        os.rename(draft, folder)
    except OSError:
        shutil.rmtree(draft)
        if not folder.exists():
            raise


def _pack(name: str, sources: list[Path]) -> bytes:
    """The same bytes each time: ZipInfo's default date is 1980."""
    content = io.BytesIO()
    main_source = f"import sys\nfrom firecracker_double.{name}_main import main\nsys.exit(main())\n"
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), main_source)
        for source in sources:
            path = f"firecracker_double/{source.name}"
            archive.writestr(zipfile.ZipInfo(path), source.read_bytes())
            # Spares a tenth of a second at each start. Another version of Python takes the source.
            archive.writestr(zipfile.ZipInfo(path + "c"), _compile(source, path))
    return content.getvalue()


def _compile(source: Path, path: str) -> bytes:
    code = compile(source.read_bytes(), path, "exec", dont_inherit=True)
    # A header of four words: magic number, flags (1: valid by a hash that nobody checks), and that hash.
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)


sys.exit(main())
