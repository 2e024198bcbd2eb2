#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Without the trait `v15` neither role has anything of IPMI v1.5 sessions in its object file; with it, both have.

What a compiler inlines leaves no symbol, so nothing is inlined here.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / 'sizes.cpp'
FLAGS = ['-std=c++20', '-O0', '-DNDEBUG', f'-I{SOURCE.parents[2]}/include']
ROLES = {'bmc': ['-DRMCPP_MEASURE_BMC'], 'console': []}
# Not the format itself, in which both roles discover, nor the empty stand-ins.
OF_SESSIONS = re.compile(r'\b(link_v15|link_of_both|login_v15|\w+_login_v15|v15_code|v15_authcode|fits_v15|'
                         r'announces_v15|given_challenge|find_v15|usable_auth_types|session_challenge_re\w+|'
                         r'activate_session_re\w+)\b')


def symbols(flags):
    """Those of IPMI v1.5 sessions."""
    with tempfile.TemporaryDirectory() as folder:
        unit = str(Path(folder, 'unit.o'))
        subprocess.run(['g++', *FLAGS, *flags, '-c', str(SOURCE), '-o', unit], check=True)
        names = subprocess.run(['nm', '-C', unit], check=True, text=True, capture_output=True).stdout.splitlines()
    return [name for name in names if OF_SESSIONS.search(name)]


def main():
    problems = []
    for role, flags in ROLES.items():
        problems += [f'{role}, without the trait: {name}' for name in symbols(flags)]
        if not symbols([*flags, '-DRMCPP_MEASURE_V15']):
            problems.append(f'{role}, with the trait: nothing, so this test would see nothing either')
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
