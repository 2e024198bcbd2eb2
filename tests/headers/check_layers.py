#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The picture of the project holds: no header of include/rmcpp includes upward or sideways, the embedded layers use only small standard headers, what
stands above protect names no hash, no header is too long, no `return` has a comma operator, include/ holds headers,
every test is one that the build lists, and version.hpp agrees with meson.build.
"""

import posixpath
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What a layer may include besides itself. The arrows are written out, not derived, to be read as the picture.
LAYERS = {
    'core': set(),
    'wire': {'core'},
    'crypto': {'core'},
    'protect': {'core', 'wire', 'crypto'},
    'session': {'core', 'wire', 'crypto', 'protect'},
    'console': {'core', 'wire', 'crypto', 'protect', 'session'},
    'bmc': {'core', 'wire', 'crypto', 'protect', 'session'},
    'follower': {'core', 'wire', 'crypto', 'protect', 'session'},
    'sol': {'core', 'wire', 'crypto', 'protect', 'session'},
    'testing': {'core', 'wire', 'crypto', 'protect', 'session', 'console', 'bmc', 'follower'},
    'console.hpp': {'console', 'session'},
    'bmc.hpp': {'bmc', 'session'},
    'follower.hpp': {'follower'},
    'rmcpp.hpp': {'core', 'wire', 'crypto', 'protect', 'session', 'console.hpp', 'bmc.hpp', 'follower.hpp'},
    'config.hpp': set(),
    'version.hpp': set(),
}
FOR_ALL = {'config.hpp', 'version.hpp'}
BACKENDS = {f'crypto/{name}.hpp' for name in ('cryptopp', 'openssl', 'psa', 'portable')}  # nobody includes them
PARTS = {'crypto/cryptopp_kernel.hpp': 'crypto/cryptopp.hpp', 'crypto/openssl_entropy.hpp': 'crypto/openssl.hpp'}  # of a backend, which alone includes them
HOSTED = {'wire/dump.hpp'}  # included only from the hosted layer, testing
FREE_OF_PROFILE = HOSTED | PARTS.keys() | BACKENDS - {'crypto/portable.hpp'}  # may use any library
NEEDS = '"rmcpp needs C++20: -std=c++20"'  # no header: config.hpp includes it to stop a build with an older language
STANDARD = {'array', 'bit', 'compare', 'concepts', 'cstddef', 'cstdint', 'span', 'type_traits'}
ABOVE_PROTECT = {'session', 'console', 'bmc', 'sol'}  # they name no hash
HASH = re.compile(r'sha_?1|sha_?256|md5|hmac', re.IGNORECASE)
MAX_LINES = 350
# What lies below include/ beside headers: documents, and what other build systems take the headers by.
NO_HEADERS = re.compile(r'(?:.*/)?README\.md|CMakeLists\.txt|rmcpp/rmcpp\.cppm')
# Sources below tests/ that are no unit tests: libraries of the tests, and programs with scripts of their own.
NO_UNIT_TESTS = re.compile(r'support/(?:catch_main|chosen_engines)\.cpp|(?:consumer|firmware|fuzz|proofs)/.*')

# Numbers come first, for the quote in 1'000 opens no character literal.
TOKEN = re.compile(r'''(?<!\w)\d[\w'.]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|(//[^\n]*|/\*.*?\*/)''', re.DOTALL)
INCLUDE = re.compile(r'\s*#\s*(?:include|include_next|import)\b\s*(.*)')


def without_comments(text):
    return TOKEN.sub(lambda m: re.sub(r'[^\n]+', ' ', m[1]) if m[1] else m[0], text)


def layer_of(header):
    return header.split('/')[0]


def arrow_problem(header, target):
    """Why `header` may not include `target`, both relative to include/rmcpp; None when it may."""
    layer, other = layer_of(header), layer_of(target)
    if target in FOR_ALL:
        return None
    if other not in LAYERS:
        return 'no such layer'
    if target in BACKENDS:
        return 'a backend is included only by the user'
    if target in PARTS and header != PARTS[target]:
        return 'a part of a backend'
    if target in HOSTED and layer != 'testing':
        return 'a hosted header'
    if other != layer and other not in LAYERS[layer]:
        return f'{layer} may not include {other}'
    return None


def include_problem(header, spelled):
    """Judges one include directive's operand."""
    if header == 'config.hpp' and spelled.strip() == NEEDS:
        return None
    match = re.fullmatch(r'<([^>]+)>|"([^"]+)"', spelled.strip())
    if not match:
        return 'computed include'
    angled, quoted = match.groups()
    name = angled or quoted
    if name.startswith('rmcpp/'):
        return arrow_problem(header, posixpath.normpath(name[len('rmcpp/'):]))
    if quoted:
        return arrow_problem(header, posixpath.normpath(posixpath.join(posixpath.dirname(header), quoted)))
    if header in FREE_OF_PROFILE or layer_of(header) == 'testing':
        return None
    if name in STANDARD or (name == 'cassert' and header == 'config.hpp'):
        return None
    return 'not in the embedded profile'


def statements(text, keyword):
    """The text of each statement that begins with `keyword`, without strings, and the number of its line."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    for match in re.finditer(rf'\b{keyword}\b', text):
        depth, end = 0, match.end()
        while end < len(text) and not (text[end] == ';' and depth == 0) and depth >= 0:
            depth += (text[end] in '([{') - (text[end] in ')]}')
            end += 1
        yield text.count('\n', 0, match.start()) + 1, text[match.end():end]


def has_comma_operator(expression):
    """Whether a comma stands outside all brackets, those of template arguments too."""
    previous = None
    while previous != expression:
        previous = expression
        expression = re.sub(r'\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|(?<=\w)<[^<>;&|]*>', '', expression)
    return ',' in expression


def check_headers(root):
    """Yields one line per problem."""
    base = root / 'include' / 'rmcpp'
    headers = sorted(base.rglob('*.hpp'))
    if not headers:
        yield f'no headers below {base}'
    for path in headers:
        header = path.relative_to(base).as_posix()
        if layer_of(header) not in LAYERS:
            yield f'{header}: belongs to no layer'
            continue
        text = path.read_text()
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            directive = INCLUDE.match(line)
            problem = include_problem(header, directive[1]) if directive else None
            if problem:
                yield f'{header}:{number}: {line.strip()}: {problem}'
            if layer_of(header) in ABOVE_PROTECT and HASH.search(line):
                yield f'{header}:{number}: {line.strip()}: {layer_of(header)} names a hash'
        for number, expression in statements(without_comments(text), 'return'):
            if has_comma_operator(expression):
                yield f'{header}:{number}: a return with a comma operator'
        lines = len(text.splitlines())
        if lines > MAX_LINES:
            yield f'{header}: {lines} lines, more than {MAX_LINES}'


def check_files(root):
    """Only headers and their documents below include/."""
    base = root / 'include'
    for path in sorted(base.rglob('*')):
        name = path.relative_to(base).as_posix()
        if path.is_file() and path.suffix != '.hpp' and not NO_HEADERS.fullmatch(name):
            yield f'include/{name}: neither a header nor a document'


def check_tests(root):
    """A test that the build does not know would be a test that nobody runs."""
    base = root / 'tests'
    listed = set(re.findall(r"^(?:  |\w+ = executable\('\w+', )'([\w/]+?)(?:\.cpp)?',$", (base / 'meson.build').read_text(),
                            re.MULTILINE))
    for path in sorted(base.rglob('*.cpp')):
        name = path.relative_to(base).as_posix()
        if not NO_UNIT_TESTS.fullmatch(name) and name[:-len('.cpp')] not in listed:
            yield f'tests/{name}: not listed in tests/meson.build'


def check_version(root):
    project = re.search(r"^\s*version\s*:\s*'([^']*)'", (root / 'meson.build').read_text(), re.MULTILINE)[1]
    text = (root / 'include/rmcpp/version.hpp').read_text()
    numbers = '.'.join(re.search(rf'version_{part} = (\d+);', text)[1] for part in ('major', 'minor', 'patch'))
    string = re.search(r'version_string\[\] = "([^"]*)";', text)[1]
    if not project == numbers == string:
        yield f'meson.build has version {project}, version.hpp the numbers {numbers} and the string {string}'


def check(root):
    return [*check_headers(root), *check_files(root), *check_tests(root), *check_version(root)]


def self_test():
    """Feeds one wrong line at a time, which must be rejected, and right ones, which must not."""
    rejected = [
        ('core/a.hpp', '#include <rmcpp/wire/rmcp.hpp>'),
        ('core/a.hpp', '#include "../wire/rmcp.hpp"'),
        ('core/a.hpp', '#  include /* hidden */ <rmcpp/wire/rmcp.hpp>'),
        ('core/a.hpp', '#include <rmcpp/core/../wire/rmcp.hpp>'),
        ('core/a.hpp', "int n = 1'000;\n#include <rmcpp/wire/rmcp.hpp>  // it's upward"),
        ('core/a.hpp', '#include <rmcpp/rmcpp.hpp>'),
        ('core/a.hpp', '#include <rmcpp/elsewhere/a.hpp>'),
        ('core/a.hpp', '#include RMCPP_HEADER'),
        ('core/a.hpp', '#include <cassert>'),
        ('core/a.hpp', '\n' * 351),
        ('core/a.hpp', 'int f() { return g(), 1; }'),
        ('core/a.hpp', 'int f() {\n  return x ? a : b,\n         c;\n}'),
        ('core/a.hpp', 'int f() { return pair<a, b>(c), d; }'),
        ('core/a.cpp', ''),
        ('core/a.hpp.orig', ''),
        ('core/CMakeLists.txt', ''),
        ('../../tests/core/b.cpp', ''),
        ('../../tests/support/b.cpp', ''),
        ('wire/a.hpp', '#include <rmcpp/crypto/keys.hpp>'),
        ('wire/a.hpp', '#include <rmcpp/protect/seal.hpp>'),
        ('wire/a.hpp', '#include <rmcpp/wire/dump.hpp>'),
        ('wire/a.hpp', '#include <utility>'),
        ('wire/dump.hpp', '#include <rmcpp/crypto/keys.hpp>'),
        ('crypto/a.hpp', '#include <rmcpp/wire/rakp.hpp>'),
        ('crypto/a.hpp', '#include <rmcpp/crypto/portable.hpp>'),
        ('crypto/a.hpp', '#include "cryptopp.hpp"'),
        ('crypto/a.hpp', '#include <cryptopp/sha.h>'),
        ('crypto/a.hpp', '#include <rmcpp/crypto/cryptopp_kernel.hpp>'),
        ('crypto/portable.hpp', '#include <string>'),
        ('crypto/cryptopp.hpp', '#include <rmcpp/crypto/openssl.hpp>'),
        ('crypto/cryptopp.hpp', '#include <rmcpp/protect/seal.hpp>'),
        ('protect/a.hpp', '#include <rmcpp/console/console.hpp>'),
        ('protect/a.hpp', '#include <vector>'),
        ('session/a.hpp', '#include <rmcpp/sol/stream.hpp>'),
        ('session/a.hpp', '#include <rmcpp/testing/network.hpp>'),
        ('session/a.hpp', '#include <chrono>'),
        ('session/a.hpp', 'auto a = authentication::rakp_hmac_sha1;'),
        ('session/a.hpp', 'using mac = SHA256;'),
        ('session/a.hpp', 'constexpr int md5_length = 16;'),
        ('session/a.hpp', '#include <rmcpp/console/console.hpp>'),
        ('console/a.hpp', '#include <rmcpp/bmc/options.hpp>'),
        ('console/a.hpp', '#include <rmcpp/bmc.hpp>'),
        ('bmc/a.hpp', '#include <rmcpp/console/requests.hpp>'),
        ('bmc/a.hpp', '#include "../follower/lru_table.hpp"'),
        ('bmc/a.hpp', 'using mac = SHA256;'),
        ('follower/a.hpp', '#include <rmcpp/bmc/half_open.hpp>'),
        ('sol/a.hpp', '#include <rmcpp/console/console.hpp>'),
        ('sol/a.hpp', '#include <rmcpp/testing/network.hpp>'),
        ('sol/a.hpp', '#include <functional>'),
        ('testing/a.hpp', '#include <rmcpp/sol/stream.hpp>'),
        ('testing/a.hpp', '#include <rmcpp/crypto/psa.hpp>'),
        ('console.hpp', '#include <rmcpp/bmc/bmc.hpp>'),
        ('rmcpp.hpp', '#include <rmcpp/wire/dump.hpp>'),
        ('rmcpp.hpp', '#include <rmcpp/crypto/cryptopp.hpp>'),
        ('rmcpp.hpp', '#include <rmcpp/sol/stream.hpp>'),
        ('rmcpp.hpp', '#include <rmcpp/testing/network.hpp>'),
        ('config.hpp', '#include <rmcpp/core/errc.hpp>'),
        ('rmcpp.hpp', f'#include {NEEDS}'),
        ('elsewhere/a.hpp', ''),
        ('version.hpp', VERSION.replace('= 2;', '= 3;')),
        ('version.hpp', VERSION.replace('"1.2.3"', '"1.2.4"')),
        ('version.hpp', VERSION.replace('3', '4')),
    ]
    accepted = [
        ('core/a.hpp', '#include <rmcpp/config.hpp>\n#include "../version.hpp"\n#include "errc.hpp"\n#include <span>'),
        ('core/a.hpp', '// #include <rmcpp/wire/rmcp.hpp>\n/*\n#include <string>\n*/' + '\n' * 340),
        ('core/a.hpp', 'auto f() { return pair<a, b<c, d>>{e, [](int x, int y) { return x < y; }}; }  // a, b'),
        ('core/a.hpp', 'auto f() { return "a, b"; }\nfor (;;) a < b, c > d;'),
        ('core/README.md', ''),
        ('rmcpp.cppm', ''),
        ('../CMakeLists.txt', ''),
        ('../../tests/core/a.cpp', ''),
        ('../../tests/fuzz/b.cpp', ''),
        ('config.hpp', f'#include <cassert>\n#include {NEEDS}'),
        ('wire/dump.hpp', '#include <rmcpp/wire/rmcp.hpp>\n#include <string>'),
        ('crypto/cryptopp_kernel.hpp', '#include <cryptopp/sha.h>'),
        ('crypto/cryptopp.hpp', '#include <rmcpp/crypto/cryptopp_kernel.hpp>'),
        ('crypto/cryptopp.hpp', '#include <rmcpp/crypto/keys.hpp>\n#include <cryptopp/sha.h>\n#include <memory>'),
        ('protect/a.hpp', '#include <rmcpp/wire/rmcp.hpp>\n#include <rmcpp/crypto/keys.hpp>\nint hmac_sha1;'),
        ('session/a.hpp', "#include <rmcpp/protect/seal.hpp>\nint n = 1'000;  // HMAC-SHA1's\nint m; /* md5 */"),
        ('sol/a.hpp', '#include <rmcpp/session/retry.hpp>'),
        ('testing/a.hpp', '#include <rmcpp/bmc/bmc.hpp>\n#include <rmcpp/wire/dump.hpp>\n#include <vector>'),
        ('console.hpp', '#include <rmcpp/console/console.hpp>'),
        ('rmcpp.hpp', '#include <rmcpp/bmc.hpp>\n#include <rmcpp/crypto/keys.hpp>\n#include <rmcpp/config.hpp>'),
    ]
    failures = 0
    for cases, verdict in ((rejected, True), (accepted, False)):
        for header, text in cases:
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                (root / 'meson.build').write_text("project('rmcpp',\n  version: '1.2.3')\n")
                (root / 'tests').mkdir()
                (root / 'tests/meson.build').write_text("unit_tests = [\n  'core/a',\n]\n")
                (root / 'include/rmcpp').mkdir(parents=True)
                for name, content in {'version.hpp': VERSION, header: text}.items():
                    path = root / 'include' / 'rmcpp' / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(content)
                problems = check(root)
            if len(problems) != verdict:
                print(f'{header} with {text.strip()!r}: expected {int(verdict)} problem(s), found {problems}')
                failures += 1
    print(f'{len(rejected)} wrong and {len(accepted)} right cases, {failures} misjudged')
    return min(failures, 1)


VERSION = '''constexpr int version_major = 1;
constexpr int version_minor = 2;
constexpr int version_patch = 3;
constexpr char version_string[] = "1.2.3";
'''


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    problems = check(ROOT)
    print('\n'.join(problems) or 'every arrow is allowed')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
