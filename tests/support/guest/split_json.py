"""Stands in for jq: writes each field of the JSON object on standard input to a file of its name."""

import json
import os
import sys

folder = sys.argv[1]
for old in os.listdir(folder):
    os.remove(os.path.join(folder, old))
for name, value in json.load(sys.stdin).items():
    with open(os.path.join(folder, os.path.basename(name)), "w", encoding="utf-8", newline="") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
