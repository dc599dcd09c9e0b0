"""Remake the record of stepsize.frameworks.side_by_side by running each library here.

.venv/bin/python tools/side_by_side.py        needs the extra `bench`, like `python run.py bench`
"""

import json

from stepsize.frameworks.side_by_side import EXPERIMENTS, LIBRARIES, RECORD


def main() -> None:
    record = {
        name: {library: experiment.walk(library).round(8).tolist() for library in LIBRARIES}
        for name, experiment in EXPERIMENTS.items()
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(paths)}" for name, paths in record.items())
    RECORD.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
