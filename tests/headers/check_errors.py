#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What a compiler says of a wrong program names the mistake, in its first error; of a sound one it says nothing.

- A machine's configuration or policy that lacks a member or a function, or whose function is not noexcept or has
  another result, is told which. No constraints are printed.
- With an older language each header says which it needs, in one error, and nothing else.
- A user's own names stand beside `using namespace rmcpp`.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from check_headers import FLAGS, INCLUDE

# ---- wrong configurations ----

POLICIES = '''#include <rmcpp/rmcpp.hpp>
using namespace rmcpp;
struct my_backend {
  struct mac_key {};
  struct aes_key {};
  static constexpr bool supports(crypto::mac_id) noexcept { return true; }
  static constexpr bool supports(crypto::cipher_id) noexcept { return true; }
  status load(mac_key&, crypto::mac_id, bytes) noexcept { return {}; }
  status load(aes_key&, bytes) noexcept { return {}; }
  status sign(mac_key&, crypto::pieces, mutable_bytes) noexcept { return {}; }
  status encrypt(aes_key&, const crypto::block&, mutable_bytes) noexcept { return {}; }
  status decrypt(aes_key&, const crypto::block&, mutable_bytes) noexcept { return {}; }
  void unload(mac_key&) noexcept {}
  void unload(aes_key&) noexcept {}
};
struct my_entropy {
  bool fill(mutable_bytes) noexcept { return true; }
};
struct my_peer {
  bool operator==(const my_peer&) const = default;
  int quota_key() const noexcept { return 0; }
  std::uint8_t channel() const noexcept { return 1; }
  bool can_reply() const noexcept { return true; }
};
struct my_users {
  bool find(const username&, role_byte, std::uint8_t, user_record&) noexcept { return false; }
  user_key kg(std::uint8_t) noexcept { return {}; }
};
struct my_handler {
  handled handle(const request&, const session_info&, response_writer&) noexcept { return handled::done; }
};
'''
MACHINES = {  # a configuration, and its first use
    'console': '''struct config {
  using traits = console_traits;
  my_backend crypto{};
  my_entropy random{};
};
console<config> machine(config{}, console_options{});
''',
    'bmc': '''struct config {
  using traits = bmc_traits;
  using peer = my_peer;
  my_backend crypto{};
  my_entropy random{};
  my_users users{};
  my_handler handler{};
};
std::array<std::uint8_t, bmc<config>::max_datagram> reply{};
bmc<config> machine(config{}, bmc_options{});
''',
    'follower': '''struct config {
  using traits = follower_traits;
  my_backend crypto{};
};
const follower<config>::session* session = nullptr;
follower<config> machine(config{}, follower_options{});
''',
}


def without(line):
    return line, ''


def loud(line):
    return line, line.replace(' noexcept', '')


def typed(line, name):
    """A function with another result."""
    return line, line.replace(f'{line.split()[0]} ', f'{name} ', 1).split(' {')[0] + ';'


LINES = {line.strip() for text in (POLICIES, *MACHINES.values()) for line in text.splitlines()}


def line_of(start):
    """The one line of the programs that begins so."""
    found = [line for line in LINES if line.startswith(start)]
    assert len(found) == 1, (start, found)
    return found[0]


def function(machine, start, policy, needs, named, result='int'):
    """A function that is missing, has another result or is not noexcept. No result: any will do."""
    line = line_of(start)
    yield machine, *without(line), f'rmcpp: `{policy}{needs}`'
    if result:
        yield machine, *typed(line, result), f'rmcpp: `{policy}{needs}`'
    yield machine, *loud(line), f'rmcpp: `{policy}`: `{named}` must be `noexcept`'


def wrong_programs():
    """Yields (machine, what is replaced, by what, what the first error says)."""
    who = {'console': "a console's", 'bmc': "a BMC's", 'follower': "a follower's"}
    for machine, text in MACHINES.items():
        for line in text.splitlines()[1:text.splitlines().index('};')]:
            name = line.split('=')[0].split()[1].removesuffix('{};')
            kind = 'a type' if 'using' in line else 'a public member'
            says = f'rmcpp: {who[machine]} configuration needs {kind} `{name}`'
            yield machine, *without(line), says
            yield machine, line, re.sub(rf'\b{name}\b', name[:-2] + name[-1], line, count=1), says  # misspelt
            if kind == 'a public member':
                yield machine, line, f' private:{line}\n public:', says

    backend = 'struct my_backend {\n  struct mac_key {};\n  struct aes_key {};\n'
    for key in ('mac_key', 'aes_key'):
        line = f'  struct {key} {{}};\n'
        yield ('console', backend, line + backend.replace(line, ''),
               'rmcpp: `crypto`, a backend, needs the types `mac_key` and `aes_key`')
        yield ('console', f'struct {key} {{}};', f'struct {key} {{ explicit {key}(int); }};',
               f'rmcpp: `crypto`: its `{key}` must be default-constructible')
    static = 'static constexpr bool supports(crypto::'
    for name in ('mac_id', 'cipher_id'):
        line = line_of(f'{static}{name})')
        says = f'rmcpp: `crypto` needs `static constexpr bool supports({name}) noexcept`'
        yield 'console', *without(line), says
        yield 'console', line, line.replace('bool', 'int'), says
        yield 'console', *loud(line), f'rmcpp: `crypto`: `supports({name})` must be `noexcept`'
    for start, needs, named in (
            ('status load(mac_key&', 'load(mac_key&, mac_id, bytes secret)', None),
            ('status load(aes_key&', 'load(aes_key&, bytes secret)', None),
            ('status sign', 'sign(mac_key&, pieces data, mutable_bytes tag)', None),
            ('status encrypt', 'encrypt(aes_key&, const block& iv, mutable_bytes data)', None),
            ('status decrypt', 'decrypt(aes_key&, const block& iv, mutable_bytes data)', None)):
        yield from function('console', start, 'crypto', f'` needs `status {needs} noexcept', named or needs, 'errc')
    for key in ('mac_key&', 'aes_key&'):
        yield from function('console', f'void unload({key}', 'crypto', f'` needs `void unload({key}) noexcept',
                            f'unload({key})', None)
    fill = '`, an entropy source, needs `bool fill(mutable_bytes) noexcept'
    yield from function('console', 'bool fill', 'random', fill, 'fill(mutable_bytes)')

    # Each machine asks all its policies.
    for machine in ('bmc', 'follower'):
        yield machine, *loud(line_of('void unload(aes')), 'rmcpp: `crypto`: `unload(aes_key&)` must be `noexcept`'
    yield 'bmc', *loud(line_of('bool fill')), 'rmcpp: `random`: `fill(mutable_bytes)` must be `noexcept`'

    compare = line_of('bool operator==')
    yield 'bmc', *without(compare), 'rmcpp: `peer` needs `==`, which compares address and port'
    yield ('bmc', compare, f'{compare} my_peer() = default; my_peer(const my_peer&) = delete;',
           'rmcpp: `peer` must be copyable')
    yield 'bmc', compare, f'{compare} explicit my_peer(int);', 'rmcpp: `peer` must be default-constructible'
    quota_key = line_of('int quota_key')
    for wrong in (without(quota_key), typed(quota_key, 'void'), (quota_key, quota_key.replace(' const', ''))):
        yield 'bmc', *wrong, 'rmcpp: `peer` needs `quota_key() const`, whose result has `==`'
    for start, needs, named in (('std::uint8_t channel', 'std::uint8_t channel() const noexcept', 'channel()'),
                                ('bool can_reply', 'bool can_reply() const noexcept', 'can_reply()')):
        yield from function('bmc', start, 'peer', f'` needs `{needs}', named)
        line = line_of(start)
        yield 'bmc', line, line.replace(' const', ''), f'rmcpp: `peer` needs `{needs}`'

    find = 'find(const username&, role_byte, std::uint8_t channel, user_record&)'
    yield from function('bmc', 'bool find', 'users', f'` needs `bool {find} noexcept', find)
    yield 'bmc', 'role_byte, std', 'privilege, std', f'rmcpp: `users` needs `bool {find} noexcept`'
    kg = 'kg(std::uint8_t channel)'
    yield from function('bmc', 'user_key kg', 'users', f'` needs `user_key {kg} noexcept', kg, 'octets16')
    handle = 'handle(const request&, const session_info&, response_writer&)'
    yield from function('bmc', 'handled handle', 'handler', f'` needs `handled {handle} noexcept', handle)
    yield 'bmc', 'const session_info&', 'session_info&', f'rmcpp: `handler` needs `handled {handle} noexcept`'


# ---- sound programs ----

# What stands in the library's inner namespaces, and what users are likely to name so themselves. Not what stands in
# rmcpp itself: that is what a user writes `using namespace rmcpp` for.
NAMES = '''open plan block split seal message copy fill equal reader writer backend look seen encode decode nonce step
    supports negotiate wipe pieces opened link_v2 event_ring checksum digest sign verify load unload encrypt decrypt
    random_id hash peer user handler session channel packet datagram header payload crypto_type traits config options
    retry timeout clock timer now socket address port key password keys hmac sha1 sha256 md5 aes log print parse format
    find insert erase push pop size begin end min max clamp swap move store load_le16 store_le16 all_zero overlap
    prefetch monotonic policy suite role login logout cursor queue slot table cache event state trigger'''.split()
PROGRAM_OF_FUNCTIONS = '''#include <rmcpp/rmcpp.hpp>
using namespace rmcpp;
struct thing {};
FUNCTIONS
int main() {
  std::array<std::uint8_t, 2> octets{};
  const bytes in(octets);
  [[maybe_unused]] const username who("x");
  int sum = 0;
CALLS
  return sum;
}
'''


def sound_programs():
    """Yields (title, text)."""
    for machine, text in MACHINES.items():
        yield f'a sound {machine}', POLICIES + text
        held = re.findall(r'^  (my_\w+) ', text, re.MULTILINE)
        objects = ''.join(f'{policy} the_{policy}{{}};\n' for policy in held)
        all_of_them = f'config all{{{", ".join(f"the_{policy}" for policy in held)}}};\n'
        references = re.sub(r'^  (my_\w+) (\w+){};', r'  \1& \2;', text, flags=re.MULTILINE)
        references = references.replace('\n};\n', f'\n}};\n{objects}{all_of_them}').replace('config{}', 'all')
        yield f'a {machine} of references', POLICIES + references
        deduced = text.replace(f'{machine}<config> machine', f'{machine} machine')
        yield f'a {machine} that is deduced', POLICIES + deduced
    functions = '\n'.join(f'int {name}(thing) {{ return 1; }}\nint {name}(const username&) {{ return 1; }}\n'
                          f'int {name}(bytes, mutable_bytes) {{ return 1; }}' for name in [*NAMES, 'check'])
    calls = '\n'.join(f'  sum += {name}(thing{{}}) + {name}(who) + {name}(in, octets);' for name in [*NAMES, 'check'])
    yield 'functions of a user', PROGRAM_OF_FUNCTIONS.replace('FUNCTIONS', functions).replace('CALLS', calls)
    types = '\n'.join(f'struct {name} {{ int value; }};' for name in NAMES)
    uses = '\n'.join(f'  sum += {name}{{1}}.value;' for name in NAMES)
    yield 'types of a user', PROGRAM_OF_FUNCTIONS.replace('FUNCTIONS', types).replace('CALLS', uses)


def wrong_texts(clang):
    """Yields (a declaration, what the first error says): constants that do not fit."""
    longer = 'rmcpp: the text is longer than its field'
    yield 'console_options o{.name = "seventeen bytes.."};', longer
    yield 'console_options o{.password = "twenty-one bytes long"};', longer
    yield 'const username name("seventeen bytes..");', longer
    yield 'constexpr user_key key("twenty-one bytes long");', longer
    yield 'suite_list f() { return {17, 300}; }', 'bounded<int, int>' if clang else 'not_a_byte'


# ---- compiling ----

NEEDS = 'rmcpp needs C++20: -std=c++20'
MAX_LINES = 6


def output(command, text):
    """What the compiler says; None when it succeeds."""
    done = subprocess.run([*command, '-fsyntax-only', '-x', 'c++', '-'], input=text, text=True, capture_output=True)
    return None if done.returncode == 0 else done.stderr


def errors(said):
    return [line for line in said.splitlines() if 'error: ' in line]


def judge_sound(command, text):
    said = output(command, text)
    return said and 'does not compile:\n' + '\n'.join(said.splitlines()[:20])


def judge_wrong(command, text, says):
    said = output(command, text)
    if said is None:
        return 'compiles'
    found = errors(said)
    if not found or says not in found[0]:
        return f'the first error says not "{says}":\n' + '\n'.join(found[:3])
    ours = [line for line in found if '/rmcpp/' in line]  # in the user's file each use of the machine is another
    if 'constraint' in said or len(ours) > 2:
        return 'the first error is right, but more follows than that the type is no configuration:\n' + said
    return None


def judge_text(command, declaration, says):
    said = output(command, f'#include <rmcpp/rmcpp.hpp>\nusing namespace rmcpp;\n{declaration}\n')
    if said is None:
        return 'compiles'
    return None if says in said.split('error: ', 2)[1] else f'the first error says not "{says}":\n{said}'


def judge_old_language(command, header):
    said = output(command, f'#include <rmcpp/{header}>\n')
    if said is None:
        return 'compiles'
    # How it was included is no part of the message, but for what users include first.
    lines = [line for line in said.splitlines()
             if '/' not in header or not line.lstrip().startswith(('In file included from ', 'from '))]
    if len(errors(said)) != 1 or NEEDS not in errors(said)[0] or len(lines) > MAX_LINES:
        return 'says not only what it needs:\n' + '\n'.join(said.splitlines()[:20])
    return None


def replaced(text, old, new):
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


def check(include, name, wrong, sound, texts=()):
    """Returns a list of (what, problem)."""
    path = shutil.which(name)
    if not path:
        return [(name, 'compiler not found')]
    command = [path, *FLAGS, f'-I{include}']
    old = [path, '-std=c++17', f'-I{include}']
    headers = sorted(h.relative_to(include / 'rmcpp').as_posix() for h in (include / 'rmcpp').rglob('*.hpp'))
    if not headers:
        return [(include, 'no headers')]
    with ThreadPoolExecutor(2) as pool:
        pending = [(header, pool.submit(judge_old_language, old, header)) for header in headers]
        pending += [(title, pool.submit(judge_sound, command, text)) for title, text in sound]
        pending += [(text, pool.submit(judge_text, command, text, says)) for text, says in texts]
        for machine, before, after, says in wrong:
            text = replaced(POLICIES + MACHINES[machine], before, after)
            pending.append((f'{machine}: {before} -> {after}', pool.submit(judge_wrong, command, text, says)))
        problems = [(what, future.result()) for what, future in pending if future.result()]
    print(f'{name}: {len(headers)} headers, {len(sound)} sound and {len(wrong)} wrong programs')
    return problems


def self_test():
    """What is not as it should be is reported, and only that."""
    fill = line_of('bool fill')
    fine = ('console', *loud(fill), 'rmcpp: `random`: `fill(mutable_bytes)` must be `noexcept`')
    needs_random = "rmcpp: a console's configuration needs a public member `random`"
    wrong_rows = {
        'names something else': ('console', *loud(fill), needs_random),
        'is no mistake': ('console', fill, f'{fill} // {fill}', needs_random),
        'names it second': ('console', 'my_backend crypto{};\n  my_entropy random{};', '', needs_random),
        'fails before': ('console', 'my_entropy random', 'no_entropy random', needs_random),
        'says more': ('console', ' random{};\n};', ' ran{};\n};\nstatic_assert(console_config<config>);', needs_random),
    }
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, 'rmcpp')
        empty.mkdir()
        (empty / 'config.hpp').write_text((INCLUDE / 'rmcpp/config.hpp').read_text())

        def expect(title, problems, count):
            nonlocal failures
            if len(problems) != count:
                print(f'{title}: expected {count} problem(s), found {problems}')
                failures += 1

        expect('right', check(INCLUDE, 'g++', [fine], [('sound', POLICIES + MACHINES['console'])]), 0)
        for title, row in wrong_rows.items():
            expect(title, check(INCLUDE, 'g++', [row], []), 1)
        clash = '#include <rmcpp/rmcpp.hpp>\nusing namespace rmcpp;\nstruct errc {};\nerrc e;\n'
        expect('a clash', check(INCLUDE, 'g++', [], [('clash', clash)]), 1)
        fits = ('const username name("sixteen bytes...");', 'longer')
        expect('a text that fits', check(INCLUDE, 'g++', [], [], [fits]), 1)
        expect('reaches config.hpp', check(Path(folder), 'g++', [], []), 0)
        for text in ('#error another\n#include <rmcpp/config.hpp>\n', 'struct a {};\n'):
            (empty / 'a.hpp').write_text(text)
            expect(text, check(Path(folder), 'g++', [], []), 1)
    expect('no compiler', check(INCLUDE, 'no-such-compiler', [], []), 1)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('mode', choices=['g++', 'clang++', 'clang++-19', 'self-test'])
    mode = parser.parse_args().mode
    if mode == 'self-test':
        return min(self_test(), 1)
    texts = list(wrong_texts(mode.startswith('clang')))
    problems = check(INCLUDE, mode, list(wrong_programs()), list(sound_programs()), texts)
    for what, problem in problems:
        print(f'{what}:\n{problem}\n')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
