"""The entry point of task_server.pyz."""

import os
import sys

from task_server.entry import main

sys.exit(main(os.path.dirname(os.path.abspath(sys.argv[0])), sys.argv[1:]))
