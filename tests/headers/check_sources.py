#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""More than the build asks of the C++ files; each warning is an error. By mode:

clang++-19: a compiler newer than the one that builds accepts every file;
release: the optimiser, which sees more than the parser, has nothing to say of the programs, nor of a user's test.
"""

import argparse
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


# What tests include of others, read and instantiated once: that halves the time of all. The build finds the missing
# includes that this hides. Not Crypto++ too, behind which Clang 19 no longer warns of what is unused.
COMMON = ['support/catch.hpp', 'nlohmann/json.hpp']


def flags_for(root, folder):
    return [*FLAGS, *DEFINES[folder], f'-I{root}/include', f'-I{root}/{folder}']


def check(root, name, sources, flags_of):
    """Returns a list of (what, problem)."""
    path = shutil.which(name)
    if not path:
        return [(name, 'compiler not found')]
    with ThreadPoolExecutor(2) as pool:
        pending = []
        for source in sources:
            command = [path, *flags_for(root, source.relative_to(root).parts[0]), *flags_of(source), source]
            pending.append((source.relative_to(root), pool.submit(run, command)))
        problems = [(what, future.result()) for what, future in pending if future.result()]
    print(f'{name}: {len(pending)} files')
    return problems if pending else [(root, 'no files')]


def check_syntax(root, compiler, common=COMMON):
    # What only the cross compiler compiles, and what asks for more than a compiler's usual limits, has tests of its own.
    sources = [source for folder in DEFINES for source in sorted((root / folder).rglob('*.cpp'))
               if source.parent not in (root / 'tests' / 'firmware', root / 'tests' / 'proofs')]
    # With a precompiled header Clang also warns of what the standard library's stable_sort() does inside.
    quiet = '-Wno-deprecated-declarations'
    with tempfile.TemporaryDirectory() as folder:
        precompiled = f'{folder}/common.pch'
        if common and shutil.which(compiler):
            command = [compiler, *flags_for(root, 'tests'), quiet, '-fpch-instantiate-templates', '-x', 'c++-header']
            problem = run([*command, '-', '-o', precompiled], ''.join(f'#include <{header}>\n' for header in common))
            if problem:
                return [(', '.join(common), problem)]

        def flags_of(source):
            takes_it = common and root / 'tests' in source.parents and '#define' not in source.read_text()
            return ['-fsyntax-only', *(['-include-pch', precompiled, quiet] if takes_it else [])]

        return check(root, compiler, sources, flags_of)


def check_release(root):
    programs = [source for source in sorted((root / 'examples').glob('*.cpp')) if not source.stem.endswith('_test')]
    tests = (root / 'tests' / 'testing').glob('fields.cpp')  # our smallest that is like one
    return check(root, 'g++', [*programs, *tests], lambda source: ['-O3', '-DNDEBUG', '-S', '-o', '/dev/null'])


def self_test():
    """What does not compile or warns is named, and only that."""
    sound = 'int main() {}\n'
    for_optimiser = 'int f(bool b, int m) { int n; if (b) n = m; return n; }\n'  # may be read before it is set
    cases = [  # a file, its text, whether the parser objects, whether the release mode does
        ('examples/a.cpp', sound, False, False),
        ('examples/a.cpp', 'int f(long n) { return n; }\n', True, True),
        ('tests/b/c.cpp', 'int f() { return x; }\n', True, False),
        ('bench/d.cpp', '#include "nothing.hpp"\n', True, False),
        ('examples/a.cpp', for_optimiser, False, True),
    ]
    failures = 0
    for name, text, *objects in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for file in ('examples/a.cpp', 'tests/b/c.cpp', 'bench/d.cpp'):
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                (root / file).write_text(text if file == name else sound)
            found = check_syntax(root, 'g++', common=[]), check_release(root)
        named = [[os.fspath(what) for what, _ in problems] for problems in found]
        if named != [[name] * objected for objected in objects]:
            print(f'wrongly judged: {name}: {text}{named}')
            failures += 1
    failures += not check_syntax(ROOT, 'no-such-compiler')
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('mode', choices=['clang++-19', 'release', 'self-test'])
    mode = parser.parse_args().mode
    if mode == 'self-test':
        return min(self_test(), 1)
    problems = check_release(ROOT) if mode == 'release' else check_syntax(ROOT, mode)
    for what, problem in problems:
        print(f'{what}:\n{problem}\n')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
