"""Runs the unittest cases of one file and prints one JSON line for each: `run_cases.py SOURCES FILE`."""

import importlib.util
import json
import os
import sys
import unittest


class Reporter(unittest.TestResult):
    """Tells of each case as it ends. A case with failing sub-tests is one that fails."""

    def startTest(self, test):
        super().startTest(test)
        self.faults = []
        self.skip_reason = None

    def addError(self, test, err):
        self.faults.append(self._exc_info_to_string(err, test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.faults.append(f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def addSkip(self, test, reason):
        self.skip_reason = reason

    def stopTest(self, test):
        super().stopTest(test)
        case = {"name": test.id().rpartition(".")[2], "fault": "\n".join(self.faults) or None}
        if self.skip_reason is not None:
            case["skipped"] = self.skip_reason
        print(json.dumps(case), flush=True)


def main(sources, path):
    sys.path.insert(0, sources)
    spec = importlib.util.spec_from_file_location("cases", path)
    module = importlib.util.module_from_spec(spec)
    # Where unittest and dataclasses look for it.
    sys.modules["cases"] = module
    spec.loader.exec_module(module)
    unittest.defaultTestLoader.loadTestsFromModule(module).run(Reporter())
    sys.stdout.flush()
    # Threads that a failed case has left must not keep the process.
    os._exit(0)


main(*sys.argv[1:])
