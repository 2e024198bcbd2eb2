#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What the library adds to a user's compilation stays small, and the umbrella holds what it promises.

- rmcpp.hpp, console.hpp and bmc.hpp, preprocessed, have at most so many lines more than the standard headers that they
  include.
- rmcpp.hpp reaches every header but the backends, the dumper and what helps to test, and none of those.

--times prints how long the processor reads them, again above the standard headers. No test: it depends on the machine.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from check_headers import INCLUDE, UMBRELLA, includes, is_hosted

COMPILER = 'g++'
MOST_LINES = {UMBRELLA: 9500, 'console.hpp': 5300, 'bmc.hpp': 5800}
STANDARD = re.compile(r'^\s*#\s*include\s*(<[a-z_]+>)', re.MULTILINE)


class Failure(Exception):
    pass


def run(include, text, *flags):
    path = shutil.which(COMPILER)
    if not path:
        raise Failure(f'{COMPILER} not found')
    command = [path, '-std=c++20', f'-I{include}', *flags, '-x', 'c++', '-']
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    if done.returncode != 0:
        raise Failure('\n'.join(done.stderr.splitlines()[:20]))
    return done.stdout


def reached(include, header):
    """The headers of the library that a header includes, itself among them."""
    names = run(include, includes([header]), '-M').replace('\\\n', ' ').split()
    base = f'{include}/rmcpp/'
    return {name.removeprefix(base) for name in names if name.startswith(base)}


def standard_headers(include, headers):
    """A text that includes the standard headers that these include."""
    found = {name for header in headers for name in STANDARD.findall((include / 'rmcpp' / header).read_text())}
    return ''.join(f'#include {name}\n' for name in sorted(found))


def own_lines(include, header, headers):
    def lines(text):
        return len(run(include, text, '-E', '-P').splitlines())

    return lines(includes([header])) - lines(standard_headers(include, headers))


def check(include, most_lines=MOST_LINES):
    """Yields one line per problem."""
    for header, most in most_lines.items():
        lines = own_lines(include, header, reached(include, header))
        print(f'{header}: {lines} lines, at most {most}')
        if lines > most:
            yield f'{header}: {lines} lines above the standard headers, more than {most}'
    every = {path.relative_to(include / 'rmcpp').as_posix() for path in (include / 'rmcpp').rglob('*.hpp')}
    inside = reached(include, UMBRELLA)
    print(f'{UMBRELLA}: {len(inside)} of {len(every)} headers')
    yield from (f'{header}: not reached by {UMBRELLA}' for header in sorted(every - inside) if not is_hosted(header))
    yield from (f'{header}: reached by {UMBRELLA}' for header in sorted(inside) if is_hosted(header))


def print_times(include, rounds=7):
    for header in MOST_LINES:
        texts = includes([header]), standard_headers(include, reached(include, header))
        seconds = ([], [])
        for _ in range(rounds):
            for text, taken in zip(texts, seconds):
                begin = os.times()
                run(include, text, '-fsyntax-only')
                end = os.times()
                taken.append(end.children_user + end.children_system - begin.children_user - begin.children_system)
        whole, standard = map(statistics.median, seconds)
        print(f'{header}: {whole:.2f} s, {standard:.2f} s of it for the standard headers: {whole - standard:.2f} s')


def self_test():
    """Each wrong tree must be rejected for its one reason, and the sound one accepted."""
    sound = {
        UMBRELLA: '#include <cstdint>\n#include <rmcpp/console.hpp>\n#include <rmcpp/bmc.hpp>\n',
        'console.hpp': '#pragma once\n#include <cstdint>\nint a;\n',
        'bmc.hpp': '#pragma once\nint b;\n',
        'wire/dump.hpp': '#include <string>\n',
        'testing/network.hpp': '#include <vector>\n',
        'crypto/openssl.hpp': '#include <openssl/evp.h>\n',
    }
    cases = {
        'sound': {},
        'too long': {'console.hpp': '#pragma once\n' + 'int a;\n' * 21},
        'too long because of what it includes': {'bmc.hpp': '#include <rmcpp/wire/a.hpp>\n',
                                                 'wire/a.hpp': '#pragma once\n' + 'int b;\n' * 21},
        'forgotten': {'wire/a.hpp': 'int c;\n'},
        'hosted': {'bmc.hpp': '#include <rmcpp/wire/dump.hpp>\n'},
    }
    failures = 0
    for title, files in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**sound, **files}.items():
                path = Path(folder, 'rmcpp', name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            problems = list(check(Path(folder), {UMBRELLA: 40, 'console.hpp': 20, 'bmc.hpp': 20}))
        if len(problems) != bool(files):
            print(f'{title}: found {problems}')
            failures += 1
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--self-test', action='store_true')
    parser.add_argument('--times', action='store_true')
    args = parser.parse_args()
    if args.self_test:
        return min(self_test(), 1)
    try:
        if args.times:
            print_times(INCLUDE)
            return 0
        problems = list(check(INCLUDE))
    except Failure as failure:
        problems = [str(failure)]
    print('\n'.join(problems))
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
