#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Another compiler than the one that builds accepts every C++ file, without a warning: check_sources.py COMPILER."""

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from check_headers import FLAGS, run

ROOT = Path(__file__).resolve().parents[2]
DEFINES = {
    'examples': [],  # the longest first
    'tests': [f'-DRMCPP_TEST_DIR="{ROOT}/tests"'],
    'bench': ['-DRMCPP_BENCH_OPENSSL=1', '-DRMCPP_BENCH_FREEIPMI=1'],
}


def check(root, name):
    """Returns a list of (what, problem)."""
    path = shutil.which(name)
    if not path:
        return [(name, 'compiler not found')]
    with ThreadPoolExecutor(2) as pool:
        pending = []
        for folder, defines in DEFINES.items():
            command = [path, '-fsyntax-only', *FLAGS, *defines, f'-I{root}/include', f'-I{root}/{folder}']
            for source in sorted((root / folder).rglob('*.cpp')):
                pending.append((source.relative_to(root), pool.submit(run, [*command, source])))
        problems = [(what, future.result()) for what, future in pending if future.result()]
    print(f'{name}: {len(pending)} files')
    return problems if pending else [(root, 'no files')]


def self_test():
    """A file of each folder that warns or does not compile is named."""
    sound = 'int main() {}\n'
    broken = {'examples/a.cpp': 'int f(long n) { return n; }\n', 'tests/b/c.cpp': 'int f() { return x; }\n',
              'bench/d.cpp': '#include "nothing.hpp"\n'}
    failures = 0
    for bad in [None, *broken]:
        with tempfile.TemporaryDirectory() as folder:
            for name in broken:
                source = Path(folder, name)
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_text(broken[name] if name == bad else sound)
            named = [os.fspath(what) for what, _ in check(Path(folder), 'g++')]
            if named != [bad] * bool(bad):
                print(f'wrongly judged: {bad}: {named}')
                failures += 1
    failures += not check(ROOT, 'no-such-compiler')
    return failures


def main():
    if sys.argv[1] == 'self-test':
        return min(self_test(), 1)
    problems = check(ROOT, sys.argv[1])
    for what, problem in problems:
        print(f'{what}:\n{problem}\n')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
