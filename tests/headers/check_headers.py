#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every header below include/rmcpp compiles by itself and twice in one translation unit, and two translation units that
include all of them link.

Core headers are compiled as firmware would: no exceptions, no RTTI, and by the cross compiler too. Backends and
hosted-only headers are compiled on the host, with both.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

INCLUDE = Path(__file__).resolve().parents[2] / 'include'
FLAGS = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror']
EMBEDDED = ['-fno-exceptions', '-fno-rtti']
CROSS = {'arm-none-eabi-g++': ['-mcpu=cortex-m3', '-mthumb', '-Os']}
HOSTED = {
    'crypto/cryptopp.hpp', 'crypto/cryptopp_kernel.hpp', 'crypto/openssl.hpp', 'crypto/openssl_entropy.hpp',
    'crypto/psa.hpp', 'wire/dump.hpp',
}
UMBRELLA = 'rmcpp.hpp'


def is_hosted(header):
    return header in HOSTED or header.startswith('testing/')


def run(command, text=None):
    """Returns what the command complained about, None when it succeeded."""
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    return None if done.returncode == 0 else '\n'.join((done.stderr or f'exit {done.returncode}').splitlines()[:30])


def includes(headers):
    return ''.join(f'#include <rmcpp/{header}>\n' for header in headers)


def compiles_twice(compiler, header):
    # The first of the two includes is the header alone: nothing precedes it.
    return run([*compiler, '-fsyntax-only', '-x', 'c++', '-'], includes([header, header]))


def links(compiler, headers):
    """Two units, in opposite orders; -r finds doubled definitions without needing a C library for the target."""
    with tempfile.TemporaryDirectory() as folder:
        objects = [f'{folder}/{name}.o' for name in ('first', 'second')]
        for output, order in zip(objects, (headers, headers[::-1])):
            problem = run([*compiler, '-x', 'c++', '-c', '-', '-o', output], includes(order))
            if problem:
                return problem
        return run([*compiler, '-r', '-nostdlib', *objects, '-o', f'{folder}/all.o'])


def check(include, name):
    """Returns a list of (what, problem)."""
    path = shutil.which(name)
    if not path:
        return [(name, 'compiler not found')]
    headers = sorted(h.relative_to(include / 'rmcpp').as_posix() for h in (include / 'rmcpp').rglob('*.hpp'))
    if UMBRELLA not in headers:
        return [(UMBRELLA, 'not found')]

    base = [path, *FLAGS, *CROSS.get(name, []), f'-I{include}']
    groups = [([*base, *EMBEDDED], [h for h in headers if not is_hosted(h)])]
    if name not in CROSS:
        groups.append((base, [h for h in headers if is_hosted(h)]))

    with ThreadPoolExecutor(2) as pool:
        pending = []
        for compiler, group in groups:
            if group:
                pending.append((f'two units of {len(group)} headers', pool.submit(links, compiler, group)))
            pending += [(header, pool.submit(compiles_twice, compiler, header)) for header in group]
        problems = [(what, future.result()) for what, future in pending if future.result()]
    print(f'{name}: {sum(len(group) for _, group in groups)} headers')
    return problems


def self_test():
    """Each broken header must be rejected, in both groups, and the sound tree accepted."""
    sound = {UMBRELLA: '#pragma once\n', 'wire/dump.hpp': '#pragma once\ninline void f() { throw 1; }\n'}
    broken = {
        'not self-contained': {'core/a.hpp': '#pragma once\nstd::uint8_t f();\n'},
        'no include guard': {'core/a.hpp': 'struct a {};\n'},
        'not inline': {'core/a.hpp': '#pragma once\nint f() { return 0; }\n'},
        'throws in core': {'core/a.hpp': '#pragma once\ninline void g() { throw 1; }\n'},
        'narrowing': {'core/a.hpp': '#pragma once\ninline char g(int n) { return n; }\n'},
        'hosted, not inline': {'testing/a.hpp': '#pragma once\nint g() { return 0; }\n'},
        'hosted, no include guard': {'testing/a.hpp': 'struct a {};\n'},
    }
    failures = 0
    for title, files in [('sound', {}), *broken.items()]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**sound, **files}.items():
                header = Path(folder, 'rmcpp', name)
                header.parent.mkdir(parents=True, exist_ok=True)
                header.write_text(text)
            if bool(check(Path(folder), 'g++')) != bool(files):
                print(f'wrongly judged: {title}')
                failures += 1
    failures += not check(INCLUDE, 'no-such-compiler')
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('compiler', choices=['g++', 'clang++', 'clang++-19', *CROSS, 'self-test'])
    compiler = parser.parse_args().compiler
    if compiler == 'self-test':
        return min(self_test(), 1)
    problems = check(INCLUDE, compiler)
    for what, problem in problems:
        print(f'{what}:\n{problem}\n')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
