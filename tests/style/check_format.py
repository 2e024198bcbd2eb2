#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every C++ file is as clang-format leaves it. To fix: clang-format -i FILE."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    files = [
        str(path.relative_to(ROOT))
        for folder in ('include', 'tests', 'examples', 'bench')
        for path in sorted((ROOT / folder).rglob('*'))
        if path.suffix in ('.hpp', '.cpp')
    ]
    return subprocess.run(['clang-format', '--dry-run', '-Werror', '--style=file', *files], cwd=ROOT).returncode


if __name__ == '__main__':
    sys.exit(main())
