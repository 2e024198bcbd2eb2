#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What README.md shows is true. Each block behind `<!-- compiled: NAME -->` compiles, warning-free, as printed; each
behind `<!-- output: PROGRAM ARGUMENTS -->` is what that example program prints."""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What the README calls the reader's own.
PRELUDE = '''
#include <rmcpp/rmcpp.hpp>
#include <array>
#include <cstdio>
struct reader_socket {
  void send(rmcpp::bytes);
  std::size_t receive(rmcpp::mutable_bytes, rmcpp::instant);
};
extern reader_socket udp;
rmcpp::instant now();
'''
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror', '-Wno-undefined-inline']
EXPECTED = {'wire', 'backend', 'follower', 'testing', 'v15'}


def outputs_differ(text, examples):
    shown = re.findall(r'<!-- output: (\S+) (.*?) -->\n```text\n(.*?)```', text, re.DOTALL)
    if not shown:
        sys.exit('README.md shows no output of a program')
    differ = False
    for program, arguments, expected in shown:
        run = subprocess.run([examples / program, *arguments.split()], cwd=ROOT, text=True, stdout=subprocess.PIPE)
        print(f'output of {program}: {"ok" if run.stdout == expected else "FAIL, it prints:"}')
        if run.stdout != expected:
            print(run.stdout)
            differ = True
    return differ


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, required=True, help='the build directory')
    args = parser.parse_args()
    text = (ROOT / 'README.md').read_text()
    blocks = dict(re.findall(r'<!-- compiled: (\w+) -->\n```cpp\n(.*?)```', text, re.DOTALL))
    if set(blocks) != EXPECTED:
        sys.exit(f'README.md should hold the programs {sorted(EXPECTED)}, has {sorted(blocks)}')
    failed = outputs_differ(text, args.build / 'examples')
    with tempfile.TemporaryDirectory() as folder:
        for name, block in blocks.items():
            source = Path(folder) / f'{name}.cpp'
            source.write_text(PRELUDE + block)
            for compiler in ('g++', 'clang++'):
                run = subprocess.run(
                    [compiler, '-std=c++20', *WARNINGS, f'-I{ROOT}/include', '-fsyntax-only', source], text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                print(f'{name} {compiler}: {"ok" if run.returncode == 0 else "FAIL"}')
                if run.returncode != 0:
                    print(run.stdout)
                    failed = True
    return failed


sys.exit(main())
