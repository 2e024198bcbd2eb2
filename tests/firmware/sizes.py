#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Both roles cost firmware the flash and RAM that sizes.txt says, within 1 %, and exceed no gate. Nothing is
linked but what freestanding code may ask for: no heap, exceptions, RTTI, guards, static constructors or C library.

--write rewrites sizes.txt, all but its gates: the commit that changes a size does it. Another compiler than the table's
makes other sizes: with one all is printed, but only the gates judge. --functions lists the largest functions.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / 'sizes.cpp'
TABLE = HERE / 'sizes.txt'
COMPILER = 'arm-none-eabi-g++'
CPUS = ('cortex-m0plus', 'cortex-m3')
ROLES = {'bmc': ['-DRMCPP_MEASURE_BMC'], 'console': [],
         'bmc v1.5': ['-DRMCPP_MEASURE_BMC', '-DRMCPP_MEASURE_V15'], 'console v1.5': ['-DRMCPP_MEASURE_V15']}
FLAGS = ['-std=c++20', '-Os', '-DNDEBUG', '-mthumb', '-fno-exceptions', '-fno-rtti', '-ffunction-sections',
         '-fdata-sections', f'-I{HERE.parents[1]}/include']
# What a static destructor asks for, __dso_handle, may not be missing even so; that it is one, __aeabi_atexit says.
LINK = ['-nostdlib', '-Wl,--gc-sections', '-Wl,--unresolved-symbols=ignore-all', '-Wl,--defsym=__dso_handle=0']
TOLERANCE = 0.01

# What may be missing from the link: what the board brings, four functions that GCC calls on its own, libgcc's helpers.
MAY_BE_UNDEFINED = re.compile(
    r'outside::.*|mem(cpy|move|set|cmp)'
    r'|__aeabi_(mem(cpy|move|set|clr)[48]?|u?idiv(mod)?|u?ldivmod|lmul|ll?s[lr]|lasr|u?lcmp|u(read|write)[48])'
    r'|__gnu_thumb1_case_([su][qh]i|si)|__(clz|ctz|popcount|bswap)[sd]i2')
MAY_NOT_BE_DEFINED = re.compile(r'guard variable|typeinfo|vtable|operator (new|delete)|_GLOBAL__|__cxa_|_Unwind_')
# Nothing of IPMI v1.5 sessions is there without their trait. (Before a session everybody speaks its format.)
OF_V15 = re.compile(r'login_v15|link_v15|link_of_both|v15_(auth)?code|auth_type_list')


class Failure(Exception):
    pass


def run(program, *arguments):
    """Returns what it prints."""
    path = shutil.which(program)
    if not path:
        raise Failure(f'{program} not found')
    done = subprocess.run([path, *arguments], text=True, capture_output=True)
    if done.returncode != 0:
        raise Failure(f'{program}:\n' + '\n'.join((done.stderr or f'exit {done.returncode}').splitlines()[:30]))
    return done.stdout


def tool(compiler, name):
    """Another program of the compiler's family."""
    return compiler.removesuffix('g++') + name


def version(compiler):
    return run(compiler, '--version').splitlines()[0]


def fields(lines):
    return [line.split() for line in lines.splitlines()]


def link(compiler, cpu, unit, roots):
    image = unit.with_suffix('.elf')
    if not roots:
        raise Failure('nothing to link')
    run(compiler, f'-mcpu={cpu}', '-mthumb', *LINK, f'-Wl,-e,{roots[0]}', *(f'-Wl,-u,{root}' for root in roots),
        str(unit), '-o', str(image))
    return image


def image_size(compiler, image):
    """Returns (flash, RAM): code and constants, and static objects. The initial values of some would be in both."""
    text, data, bss = (int(n) for n in fields(run(tool(compiler, 'size'), str(image)))[1][:3])
    return text + data, data + bss


def forbidden(compiler, image, flags=()):
    """Returns the symbols that firmware may not have."""
    undefined = [line.split(maxsplit=1)[1] for line in run(tool(compiler, 'nm'), '-C', '-u', str(image)).splitlines()]
    defined = [line.split(maxsplit=2)[2]
               for line in run(tool(compiler, 'nm'), '-C', '--defined-only', str(image)).splitlines()]
    return ([name for name in undefined if not MAY_BE_UNDEFINED.fullmatch(name)] +
            [name for name in defined if MAY_NOT_BE_DEFINED.search(name) or
             ('-DRMCPP_MEASURE_V15' not in flags and OF_V15.search(name))])


def measure(compiler, cpu, source, flags, look=None):
    """Compiles and links. Returns {what: bytes} and a list of forbidden symbols; `look` gets the whole image."""
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder, 'unit.o')
        run(compiler, *FLAGS, f'-mcpu={cpu}', *flags, '-c', str(source), '-o', str(unit))
        symbols = [line for line in fields(run(tool(compiler, 'nm'), '-S', str(unit))) if len(line) == 4]
        # The library's own functions are inline, so weak.
        roots = [name for _, _, kind, name in symbols if kind == 'T']
        loop = link(compiler, cpu, unit, [name for name in roots if name.startswith('loop_')])
        sizes = {'flash, loop': image_size(compiler, loop)[0]}
        whole = link(compiler, cpu, unit, roots)
        sizes['flash, every verb'], sizes['RAM'] = image_size(compiler, whole)
        sizes |= {name.replace('ram_', 'RAM, ').replace('_', ' '): int(size, 16)
                  for _, size, kind, name in symbols if kind == 'B' and name.startswith('ram_one_more_')}
        if look:
            look(whole)
        return sizes, forbidden(compiler, whole, flags)


def measure_all(compiler):
    """Returns {(what, cpu): bytes} and a list of problems."""
    measured, problems = {}, []
    for role, flags in ROLES.items():
        of_role = {cpu: measure(compiler, cpu, SOURCE, flags) for cpu in CPUS}
        for what in of_role[CPUS[0]][0]:
            measured |= {(f'{role} {what}', cpu): sizes[what] for cpu, (sizes, _) in of_role.items()}
        problems += [f'{role}, {cpu}: links {name}' for cpu, (_, symbols) in of_role.items() for name in symbols]
    return measured, problems


def read(path):
    """Returns the compiler's version and {(what, cpu): (bytes, gate or None)}."""
    compiler, rows = None, {}
    for line in path.read_text().splitlines():
        if line.startswith('compiler: '):
            compiler = line.removeprefix('compiler: ')
        cells = re.split(r'\s{2,}', line)
        if len(cells) in (3, 4) and cells[2].isdecimal():
            rows[cells[0], cells[1]] = int(cells[2]), int(cells[3]) if len(cells) == 4 else None
    return compiler, rows


def write(path, compiler, measured):
    """Keeps the comment above and the gates."""
    head = path.read_text().split('\ncompiler: ')[0]
    old = read(path)[1]
    gates = {key: gate for key, (_, gate) in old.items() if gate}
    if gates.keys() - measured.keys():
        raise Failure(f'not measured any more, but with a gate: {gates.keys() - measured.keys()}')
    lines = [head, f'compiler: {compiler}', '', f'{"what":32}  {"cpu":13}  {"bytes":>6}    gate']
    lines += [f'{what:32}  {cpu:13}  {size:6}  {gates.get((what, cpu), ""):>6}'.rstrip()
              for (what, cpu), size in measured.items()]
    path.write_text('\n'.join(lines) + '\n')


def judge(measured, table, same_compiler):
    """Returns a list of problems."""
    problems = []
    for what, cpu in sorted(measured.keys() ^ table.keys()):
        problems.append(f'{what}, {cpu}: ' + ('not in the table' if (what, cpu) in measured else 'not measured'))
    for key in sorted(measured.keys() & table.keys()):
        (what, cpu), (size, gate) = key, table[key]
        if same_compiler and abs(measured[key] - size) > TOLERANCE * size:
            problems.append(f'{what}, {cpu}: {measured[key]} bytes, not {size}')
        if gate and measured[key] > gate:
            problems.append(f'{what}, {cpu}: {measured[key]} bytes exceed the gate, {gate}')
    return problems


def show(measured, table):
    print(f'{"what":32}  {"cpu":13}  {"table":>6}  {"now":>6}  {"difference":>16}  {"gate":>6}')
    for (what, cpu), size in measured.items():
        before, gate = table.get((what, cpu), (None, None))
        difference = f'{size - before:+}  {100 * (size - before) / before:+6.2f} %' if before else ''
        print(f'{what:32}  {cpu:13}  {before or "":>6}  {size:6}  {difference:>16}  {gate or "":>6}'.rstrip())


def check(compiler, path, rewrite=False):
    """Returns a list of problems."""
    measured, problems = measure_all(compiler)
    of_table, table = read(path)
    show(measured, table)
    if rewrite:
        write(path, version(compiler), measured)
        of_table, table = read(path)
    if of_table != version(compiler):
        print(f'\nmeasured with {version(compiler)},\nthe table with {of_table}: only the gates judge')
    return problems + judge(measured, table, of_table == version(compiler))


def show_functions(compiler, cpu, count):
    def look(image):
        listed = run(tool(compiler, 'nm'), '-C', '-S', '--size-sort', '-r', str(image)).splitlines()
        for line in [line for line in listed if line.split()[2] in 'TtWw'][:count]:
            _, size, _, name = line.split(maxsplit=3)
            print(f'{int(size, 16):6}  {name}')

    for role, flags in ROLES.items():
        print(f'\n{role}, {cpu}')
        measure(compiler, cpu, SOURCE, flags, look)


def wrongly_judged_symbols():
    """Links a sound unit, then what firmware may not have. Returns what is not found."""
    sound = 'namespace outside { int f(); } extern "C" int loop_f() { return outside::f(); }\n'
    unsound = {
        'operator new(unsigned int)': 'extern "C" int* also_f() { return new int; }',
        'malloc': 'extern "C" void* malloc(unsigned); extern "C" void* also_f() { return malloc(1); }',
        'puts': 'extern "C" int puts(const char*); extern "C" void also_f() { puts(""); }',
        'abort': 'extern "C" void abort(); extern "C" void also_f() { abort(); }',
        '__cxa_throw': 'extern "C" void __cxa_throw(); extern "C" void also_f() { __cxa_throw(); }',
        '__cxa_guard_acquire': 'extern "C" int also_f() { static int n = outside::f(); return n; }',
        'guard variable for also_f::n': 'extern "C" int also_f() { static int n = outside::f(); return n; }',
        '_GLOBAL__sub_I_loop_f': 'int n = outside::f();',
        '__aeabi_atexit': 'struct s { ~s() { outside::f(); } } object;',
        'vtable for s': 'struct s { virtual ~s(); s(); }; s::s() {} s::~s() {}',
        'typeinfo for s': 'extern "C" int _ZTI1s; int _ZTI1s = 1; extern "C" int* also_f() { return &_ZTI1s; }',
    }
    wrong = []
    for symbol, text in [('', ''), *unsound.items()]:
        with tempfile.NamedTemporaryFile('w', suffix='.cpp') as source:
            source.write(sound + text + '\n')
            source.flush()
            found = measure(COMPILER, CPUS[-1], source.name, ['-w'])[1]
        if bool(found) != bool(symbol) or (symbol and symbol not in found):
            wrong.append(symbol or 'nothing forbidden')
    return wrong


def wrongly_judged_code():
    """Measures the BMC as it is, then with a little more. Returns the titles."""
    more = {
        '1 KB of code': 'extern "C" void loop_more() { __asm__ volatile(".space 1024"); }',
        '1 KB of code behind another verb': 'extern "C" void also_more() { __asm__ volatile(".space 1024"); }',
        '1 KB of constants': 'extern "C" const char* loop_more() { static const char more[1024]{1}; return more; }',
        '100 bytes of RAM': 'extern "C" char* loop_more() { static char more[100]; return more; }',
    }
    wrong = []
    table = None
    for title, text in [('as it is', ''), *more.items()]:
        with tempfile.NamedTemporaryFile('w', suffix='.cpp') as source:
            source.write(SOURCE.read_text() + text + '\n')
            source.flush()
            sizes, symbols = measure(COMPILER, CPUS[-1], source.name, ROLES['bmc'])
        measured = {(what, CPUS[-1]): size for what, size in sizes.items()}
        table = table or {key: (size, None) for key, size in measured.items()}
        if symbols or bool(judge(measured, table, True)) != bool(text):
            wrong.append(title)
    return wrong


def wrongly_judged_tables():
    """Judges numbers. Returns the titles."""
    key, other = ('what', 'cpu'), ('another', 'cpu')
    cases = [
        ('equal', {key: (1000, None)}, True, True),
        ('within 1 %', {key: (1009, 1000)}, True, True),
        ('too much', {key: (980, None)}, True, False),
        ('too little', {key: (1020, None)}, True, False),
        ('another compiler', {key: (1020, 1000)}, False, True),
        ('over the gate', {key: (1000, 999)}, True, False),
        ('over the gate, another compiler', {key: (1020, 999)}, False, False),
        ('not in the table', {}, False, False),
        ('not measured', {key: (1000, None), other: (1, None)}, False, False),
    ]
    wrong = [title for title, table, same, good in cases if bool(judge({key: 1000}, table, same)) == good]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'table')
        path.write_text('# a comment\n\ncompiler: old\n\nwhat  cpu  1  2000\nanother  cpu  2\n')
        write(path, 'new 1', {key: 1000, other: 3})
        if (read(path) != ('new 1', {key: (1000, 2000), other: (3, None)}) or
                not path.read_text().startswith('# a comment\n\ncompiler: new 1\n')):
            wrong.append('written and read')
        try:
            write(path, 'new 1', {other: 3})
            wrong.append('a gate that would vanish')
        except Failure:
            pass
    return wrong


def self_test():
    wrong = wrongly_judged_tables() + wrongly_judged_symbols() + wrongly_judged_code()
    try:
        check('no-such-g++', TABLE)
        wrong.append('a missing compiler')
    except Failure:
        pass
    return [f'wrongly judged: {title}' for title in wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument('--write', action='store_true', help='rewrite sizes.txt')
    mode.add_argument('--functions', type=int, metavar='N', help=f'list the N largest of each role on {CPUS[-1]}')
    mode.add_argument('--self-test', action='store_true')
    arguments = parser.parse_args()
    try:
        if arguments.functions:
            return show_functions(COMPILER, CPUS[-1], arguments.functions)
        problems = self_test() if arguments.self_test else check(COMPILER, TABLE, arguments.write)
    except Failure as failure:
        problems = [failure]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
