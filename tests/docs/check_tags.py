#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Each tag such as [N-RMCP-05] of a test has exactly one row in tests/README.md, and each row there has a test with its
tag.
"""

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Only strings hold tags: one in a comment belongs to no test.
STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
TAG = re.compile(r'\[(N-\w+-\w+)\]')
ROW = re.compile(r'^\| (N-\S+) \|(.*)$', re.MULTILINE)
CELLS = re.compile(r' [^|]*[^| ] \| [^|]*[^| ] \|')  # input, what must happen


def tags_in(text):
    return {tag for string in STRING_OR_COMMENT.findall(text) for tag in TAG.findall(string)}


def check(root):
    """One line per problem."""
    tests = root / 'tests'
    file_of = {}  # one of those that have the tag
    for path in sorted(tests.rglob('*.cpp')):
        file_of |= dict.fromkeys(tags_in(path.read_text()), path.relative_to(root).as_posix())
    rows = ROW.findall((tests / 'README.md').read_text())
    count = Counter(tag for tag, _ in rows)
    if not file_of:
        return [f'no tags below {tests}']
    return [
        *(f'{file_of[tag]}: [{tag}] has no row in tests/README.md' for tag in sorted(file_of.keys() - count.keys())),
        *(f'tests/README.md: {tag} has {n} rows' for tag, n in sorted(count.items()) if n > 1),
        *(f'tests/README.md: {tag} is a tag of no test' for tag in sorted(count.keys() - file_of.keys())),
        *(f'tests/README.md: {tag} is not a row of three cells' for tag, rest in rows if not CELLS.fullmatch(rest)),
    ]


def self_test():
    """Feeds one wrong tree at a time, which must be rejected with this problem alone, and right ones."""
    row = '| N-A-01 | input | drop |\n'
    case = 'TEST_CASE("a", "[bmc][N-A-01]") {}\n'
    other = 'TEST_CASE("b", "[N-B2-10]") {}\n'
    cases = [
        (case, row, None),
        (case + case, row, None),
        (case + other, row + '\n### B\n\n| N-B2-10 | input | drop; code C7h |\n', None),
        ('TEMPLATE_TEST_CASE("a",\n    "[x][N-A-01][y]", int, char) {}\n// [N-B2-10]\n/* "[N-B2-10]" */\n', row, None),
        (case + 'int b = a[N-1];\n', row + 'A tag such as `[N-B2-10]` is a row.\n', None),
        (case + other, row, '[N-B2-10] has no row'),
        (case + 'TEST_CASE("b", "[N-A-01][N-A-1]") {}\n', row, '[N-A-1] has no row'),
        (case + 'TEST_CASE("b", "[n][N-A-01b]") {}\n', row, '[N-A-01b] has no row'),
        (case + other, row + 'N-B2-10, [N-B2-10]\n', '[N-B2-10] has no row'),
        (case, row + row, 'N-A-01 has 2 rows'),
        (case, row + '\n### B\n\n| N-A-01 | other input | code C7h |\n', 'N-A-01 has 2 rows'),
        (case, row + '| N-B2-10 | input | drop |\n', 'N-B2-10 is a tag of no test'),
        (case + '// ' + other, row + '| N-B2-10 | input | drop |\n', 'N-B2-10 is a tag of no test'),
        (case + '/*\n' + other + '*/\n', row + '| N-B2-10 | input | drop |\n', 'N-B2-10 is a tag of no test'),
        (case, '| N-A-01 | input |\n', 'N-A-01 is not a row of three cells'),
        (case, '| N-A-01 | input |  |\n', 'N-A-01 is not a row of three cells'),
        (case, '| N-A-01 | input | drop | BMC |\n', 'N-A-01 is not a row of three cells'),
        ('', row, 'no tags'),
    ]
    failures = 0
    for source, readme, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            path = root / 'tests' / 'bmc' / 'a.cpp'
            path.parent.mkdir(parents=True)
            path.write_text(source)
            (root / 'tests' / 'README.md').write_text('| id | input | what must happen |\n|---|---|---|\n' + readme)
            problems = check(root)
        if len(problems) != (expected is not None) or any(expected not in problem for problem in problems):
            print(f'{source!r} with {readme!r}: expected {expected}, found {problems}')
            failures += 1
    print(f'{len(cases)} cases, {failures} misjudged')
    return min(failures, 1)


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    problems = check(ROOT)
    print('\n'.join(problems) or 'every tag has its row')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
