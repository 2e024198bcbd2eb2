#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The proofs hold, and would not if the library were wrong.

Each .cpp file here is static_asserts, in which a compiler must refuse undefined behaviour; each message of the wire
layer is in messages.cpp. Then each fault of a table is put into a copy of one header: the proof that is about it
must not compile any more, and the compiler must say why.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.append(os.fspath(FOLDER.parent / 'headers'))

from check_headers import FLAGS, INCLUDE  # noqa: E402

LIMITS = {
    'g++': ['-fconstexpr-ops-limit=4000000000', '-fconstexpr-loop-limit=1000000'],
    'clang++': ['-fconstexpr-steps=1000000000'],
}
# A fault is found once its cause has been said: g++ says first that a condition is not constant, and then why.
ONCE = {'g++': ['-fmax-errors=2'], 'clang++': ['-Wfatal-errors']}

# A struct that has a layout.
MESSAGE = re.compile(r'^struct (\w+) {\n(?:(?!};)[^\n]*\n)*?  template <class Io, class Self> ', re.MULTILINE)

# What a compiler says, by kind of fault: g++, clang++. None: g++ 12 lets it pass.
WRONG = 'refuted', 'refuted'  # no undefined behaviour, but not what a proof demands
BEYOND_SPAN = '__builtin_unreachable', '__builtin_unreachable'
BEYOND_ARRAY = 'outside the bounds', 'past-the-end|past the end|cannot refer to element'
SHIFT = 'greater than or equal to the precision', 'shift count .* >= width'
OVERFLOW = 'overflow in constant expression', 'outside the range of representable values'
UNWRITTEN = 'uninitialized', 'uninitialized'
NULL = 'null pointer', 'null pointer'
GONE = None, 'lifetime has ended'
UNSPECIFIED = 'is not a constant expression', 'not valid in a constant expression|unspecified value'

FAULTS = [  # what is wrong; the header, its text, and what stands there instead; a proof; what is said of it
    ('a reader that reads one byte too far', 'core/cursor.hpp', 'remaining() < n) error_ = errc::truncated',
     'remaining() + 1 < n) error_ = errc::truncated', 'cursor', BEYOND_SPAN),
    ('a writer that writes one byte too far', 'core/cursor.hpp', 'out_.size() - at_ < n', 'out_.size() + 1 - at_ < n',
     'cursor', BEYOND_SPAN),
    ('a counted field whose length is not held against what remains', 'core/cursor.hpp', 'n > N || n > remaining()',
     'n > N', 'cursor', BEYOND_SPAN),
    ('a counted field whose length is not held against its room', 'core/cursor.hpp', 'n > N || n > remaining()',
     'n > remaining()', 'cursor', WRONG),
    ('a view that may reach beyond the input', 'core/cursor.hpp',
     'if (n > remaining()) return refuse(errc::bad_length);', '', 'cursor', BEYOND_SPAN),
    ('an error that gives way to a later one', 'core/cursor.hpp', 'error_ == errc::ok && remaining() < n',
     'remaining() < n', 'cursor', WRONG),
    ('an empty view that is compared with what lies behind the output', 'core/cursor.hpp',
     'std::is_constant_evaluated() || ', '', 'cursor', UNSPECIFIED),
    ('an explanation of another error than the decoder has', 'wire/message.hpp', 'return {errc::trailing_bytes, "end',
     'return {errc::bad_length, "end', 'cursor', WRONG),
    ('a decoder that takes what is behind a message', 'wire/message.hpp', 'd && d->size != in.size()',
     'd && d->size > in.size()', 'cursor', WRONG),
    ('a digest that reads one byte too far', 'core/hash.hpp', 'lan_message.size() >= 8', 'lan_message.size() >= 7',
     'bytes', BEYOND_ARRAY),
    ('a copy into less room', 'core/bytes.hpp', 'from.size() < to.size() ? from.size() : to.size()', 'from.size()',
     'bytes', BEYOND_SPAN),
    ('bytes in place that are longer than their place', 'core/bytes.hpp', 'if (text.size() > N) return errc::too_long;',
     'if (text.size() > N + 1) return errc::too_long;', 'bytes', BEYOND_ARRAY),
    ('a view of bytes that are gone', 'core/bytes.hpp', '{ return bytes(data_.data(), size_); }',
     '{ const auto gone = data_; return bytes(gone.data(), size_); }', 'bytes', GONE),
    ('a walk that believes the length of a payload', 'wire/datagram.hpp',
     'header.length == 0 || header.length > r.remaining()', 'header.length == 0', 'datagram', WRONG),
    ('a payload that begins one byte too early', 'wire/datagram.hpp', 's.payload_at = r.size();\n  s.payload_size = 0;',
     's.payload_at = r.size() - 1;\n  s.payload_size = 0;', 'datagram', WRONG),
    ('an authentication code before the datagram', 'wire/datagram.hpp', 'payload_at - 1 - authcode_size_v15,',
     'payload_at - 32 - authcode_size_v15,', 'datagram', BEYOND_SPAN),
    ('a window that is one too narrow', 'protect/replay_window.hpp', 'distance < -rule.behind',
     'distance <= -rule.behind', 'replay_window', WRONG),
    ('a window that shifts by its width', 'protect/replay_window.hpp', 'distance > 31 ? 1u', 'distance > 32 ? 1u',
     'replay_window', SHIFT),
    ('a distance of numbers that overflows', 'protect/replay_window.hpp',
     'static_cast<std::int32_t>(sequence - highest_)',
     'static_cast<std::int32_t>(sequence) - static_cast<std::int32_t>(highest_)', 'replay_window', OVERFLOW),
    ('a number 0 after the wrap', 'protect/seal.hpp', 'if (++last_ == 0) last_ = 1;', '++last_;', 'replay_window',
     WRONG),
    ('a plan with one byte of pad too few', 'protect/plan.hpp', '(message_size + 1)) &', '(message_size + 2)) &',
     'plan', WRONG),
    ('a trailer that is written beyond the datagram', 'protect/seal.hpp', 'i < 3; ++i) trailer[i]',
     'i < 19; ++i) trailer[i]', 'plan', BEYOND_ARRAY),
    ('a pad whose last byte is not written', 'protect/seal.hpp', 'i < crypto::aes_block_size; ++i) {',
     'i < crypto::aes_block_size - 1; ++i) {', 'plan', UNWRITTEN),
    ('a trailer with a pad that is too long', 'protect/open.hpp', 'pad > max_pad ||', 'pad > max_pad + 1 ||', 'plan',
     WRONG),
    ('a pad that is not of the length it says', 'protect/open.hpp', 'trailer[pad] != pad ||', '', 'plan', WRONG),
    ('a wait that wraps at 32 bits', 'session/retry.hpp', 'std::uint64_t{policy.step.count}', 'policy.step.count',
     'time', WRONG),
    ('a leap that is believed', 'core/time.hpp', 'passed < longest_leap ? passed : longest_leap', 'passed', 'time',
     WRONG),
    ('an instant after the last', 'core/time.hpp', 't.ms > ~std::uint64_t{0} - d.count ? never() : instant',
     'instant', 'time', WRONG),
    ('an id that is one beyond the table of suites', 'wire/cipher_suites.hpp', 'return id < standard_suites.size() ?',
     'return id <= standard_suites.size() ?', 'suites', BEYOND_ARRAY),
    ('a suite that is looked for in vain and used', 'wire/cipher_suites.hpp',
     'suite ? suite_record::of(*suite)[at % suite_record::size] : std::uint8_t{0}',
     'suite_record::of(*suite)[at % suite_record::size]', 'suites', NULL),
    ('a limit of a suite that is in no table', 'session/suite_choice.hpp',
     's.id < levels_.size() ? levels_[s.id] : privilege::oem', 'levels_[s.id]', 'suites', BEYOND_ARRAY),
    ('a ring that does not go round', 'session/events.hpp', '(first_ + 1) % N', 'first_ + 1', 'session', BEYOND_ARRAY),
    ('an answer that is longer than its room', 'session/response.hpp', 'data.size() > room_.size() - size_',
     'data.size() > room_.size()', 'session', WRONG),
]


def family(name):
    return 'clang++' if name.startswith('clang') else 'g++'


def found_by(name, says):
    """What this compiler says."""
    return says[family(name) == 'clang++']


def command_for(name, include):
    """`include`: folders that come before the library's own."""
    return [name, *FLAGS, *LIMITS[family(name)], '-fsyntax-only', *(f'-I{path}' for path in (*include, INCLUDE))]


def said_of(command, proof):
    """What the compiler says; None when the proof holds."""
    done = subprocess.run([*command, proof], text=True, capture_output=True)
    return None if done.returncode == 0 else done.stderr or f'exit {done.returncode}'


def judge_proof(name, proof):
    if 'static_assert(' not in proof.read_text():
        return 'proves nothing'
    said = said_of(command_for(name, []), proof)
    return said and 'does not hold:\n' + '\n'.join(said.splitlines()[:30])


def unproven(headers, proof):
    """The messages of these headers, as text, that a proof does not read."""
    return [name for name in MESSAGE.findall(headers) if f'reads<{name}>(' not in proof]


def judge_fault(name, header, before, after, proof, says):
    text = (INCLUDE / 'rmcpp' / header).read_text()
    if text.count(before) != 1:
        return f'{header} has {text.count(before)} times: {before}'
    with tempfile.TemporaryDirectory() as folder:
        faulty = Path(folder, 'rmcpp', header)
        faulty.parent.mkdir(parents=True)
        faulty.write_text(text.replace(before, after))
        said = said_of([*command_for(name, [folder]), *ONCE[family(name)], '-Wno-error'], proof)
    if said is None:
        return 'is not found'
    expected = found_by(name, says)
    return None if re.search(expected, said) else f'is refused, but not with "{expected}":\n{said}'


def check(name, proofs, faults):
    """Returns a list of (what, problem)."""
    if not shutil.which(name):
        return [(name, 'compiler not found')]
    if not proofs:
        return [(FOLDER, 'no proofs')]
    faults = [fault for fault in faults if found_by(name, fault[-1])]
    begin = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        pending = [(proof.name, pool.submit(judge_proof, name, proof)) for proof in proofs]
        pending += [(what, pool.submit(judge_fault, name, header, before, after, FOLDER / f'{proof}.cpp', says))
                    for what, header, before, after, proof, says in faults]
        problems = [(what, future.result()) for what, future in pending if future.result()]
    print(f'{name}: {len(proofs)} proofs, {len(faults)} faults, {time.monotonic() - begin:.0f} s')
    return problems


def self_test():
    """What does not hold, proves nothing or is not found is reported, and only that."""
    fault = FAULTS[0]
    wrong_faults = {
        'is no fault': (*fault[:3], f'{fault[2]} ', *fault[4:]),
        'says something else': (*fault[:5], ('signed overflow', 'signed overflow')),
        'is nowhere': (*fault[:2], 'no such text', *fault[3:]),
    }
    failures = 0

    def expect(title, problems, count):
        nonlocal failures
        if len(problems) != count:
            print(f'{title}: expected {count} problem(s), found {problems}')
            failures += 1

    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, 'sound.cpp')
        sound.write_text('static_assert(1 + 1 == 2);\n')
        expect('right', check('g++', [sound], [fault]), 0)
        for title, row in wrong_faults.items():
            expect(title, check('g++', [sound], [row]), 1)
        wrong = Path(folder, 'wrong.cpp')
        for text in ('', 'static_assert(1 + 1 == 3);\n', 'constexpr int f(int n) { return n + 1; }\n'
                     'static_assert(f(__INT_MAX__) != 0);\n'):
            wrong.write_text(text)
            expect(text, check('g++', [sound, wrong], []), 1)
    layout = '  template <class Io, class Self> static constexpr void layout(Io& io, Self& m) {\n  }\n'
    two = f'struct a {{\n  int n;\n\n{layout}}};\nstruct b {{\n}};\nstruct c {{\n{layout}}};\n'
    expect('a message without a proof', unproven(two, 'reads<a>(1)'), 1)
    expect('all have one', unproven(two, 'reads<c>(2) && reads<a>(1)'), 0)
    expect('no proofs', check('g++', [], []), 1)
    expect('no compiler', check('no-such-compiler', [], []), 1)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('mode', choices=['g++', 'clang++', 'clang++-19', 'self-test'])
    mode = parser.parse_args().mode
    if mode == 'self-test':
        return min(self_test(), 1)
    headers = ''.join(header.read_text() for header in (INCLUDE / 'rmcpp/wire').glob('*.hpp'))
    problems = [(message, 'is not in messages.cpp')
                for message in unproven(headers, (FOLDER / 'messages.cpp').read_text())]
    problems += check(mode, sorted(FOLDER.glob('*.cpp')), FAULTS)
    for what, problem in problems:
        print(f'{what}:\n{problem}\n')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
