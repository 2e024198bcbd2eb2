#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""clang-tidy finds nothing in the library's headers as an example program instantiates them: check_tidy.py PROGRAM."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

run = subprocess.run(
    ['clang-tidy', '--quiet', '--warnings-as-errors=*', ROOT / 'examples' / f'{sys.argv[1]}.cpp', '--', '-std=c++20',
     f'-I{ROOT}/include'], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
print(run.stdout, end='')
sys.exit(run.returncode)
