#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Builds and runs a program outside the tree that uses rmcpp: installed, through pkg-config, or as a Meson subproject.

Neither way may look for anything but rmcpp. And the tree itself configures with any of its parts disabled.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CONSUMER = Path(__file__).resolve().parent
ROOT = CONSUMER.parents[1]


def clean_environment():
    """The outer Meson run, and an outer `meson install`, leave variables behind that the inner ones must not see."""
    return {k: v for k, v in os.environ.items() if not k.startswith('MESON') and k not in ('DESTDIR', 'PKG_CONFIG_PATH')}


def run(command, env):
    done = subprocess.run([str(part) for part in command], env=env, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f'{" ".join(map(str, command))} failed:\n{done.stdout}{done.stderr}')
    return done.stdout


def expect(actual, wanted, what):
    if actual != wanted:
        sys.exit(f'{what}: {actual!r}, expected {wanted!r}')


def setup(meson, source, build, env, *options, looked_for):
    output = run([meson, 'setup', source, build, *options], env)
    found = set(re.findall(r'[Dd]ependency (\S+) (?!skipped: feature)', output))
    expect(found, looked_for, 'dependencies looked for')


def build_consumer(meson, source, build, env, *options):
    """Returns what the program prints."""
    setup(meson, source, build, env, *options, looked_for={'rmcpp'})
    run([meson, 'compile', '-C', build], env)
    return run([build / 'consumer'], env).strip()


def through_pkgconfig(meson, folder, env, version):
    prefix = folder / 'prefix'
    options = [f'--prefix={prefix}', '-Dtests=disabled', '-Dexamples=disabled', '-Dbench=disabled']
    setup(meson, ROOT, folder / 'library', env, *options, looked_for=set())
    run([meson, 'install', '-C', folder / 'library'], env)

    def files(include, pattern):
        return sorted(p.relative_to(include).as_posix() for p in include.rglob(pattern) if p.is_file())

    expect(files(prefix / 'include', '*'), files(ROOT / 'include', '*.hpp'), 'installed files: all headers, only headers')

    env = {**env, 'PKG_CONFIG_PATH': str(prefix / 'share' / 'pkgconfig')}
    pkg_config = env.get('PKG_CONFIG', 'pkg-config')
    expect(run([pkg_config, '--modversion', 'rmcpp'], env).strip(), version, 'pkg-config --modversion')
    expect(run([pkg_config, '--libs', 'rmcpp'], env).strip(), '', 'pkg-config --libs')
    cflags = run([pkg_config, '--cflags', 'rmcpp'], env).split()

    program = folder / 'program'
    compiler = env.get('CXX', 'c++').split()
    run([*compiler, '-std=c++20', '-Wall', '-Wextra', '-Werror', *cflags, CONSUMER / 'main.cpp', '-o', program], env)
    expect(run([program], env).strip(), version, 'the program built with pkg-config')
    expect(build_consumer(meson, CONSUMER, folder / 'consumer', env), version, 'the program built with Meson')


def as_subproject(meson, folder, env, version):
    source = folder / 'source'
    shutil.copytree(CONSUMER, source)
    (source / 'subprojects').mkdir()
    (source / 'subprojects' / 'rmcpp').symlink_to(ROOT)
    # An rmcpp installed on this machine must not answer for the subproject.
    output = build_consumer(meson, source, folder / 'build', env, '--force-fallback-for=rmcpp')
    expect(output, version, 'the program built with the subproject')


def with_any_parts(meson, folder, env, version):
    """Parts that are disabled are absent, and the tests of what there is are registered."""
    target_of = {'tests': 'core_bytes', 'examples': 'dissect', 'bench': 'bench'}
    for values in itertools.product(('auto', 'disabled'), repeat=len(target_of)):
        build = folder / '-'.join(values)
        options = [f'-D{part}={value}' for part, value in zip(target_of, values)]
        run([meson, 'setup', ROOT, build, *options], env)

        def introspect(topic):
            return json.loads((build / 'meson-info' / f'intro-{topic}.json').read_text())

        wanted = {part for part, value in zip(target_of, values) if value == 'auto'}
        targets = {target['name'] for target in introspect('targets')}
        built = {part for part, target in target_of.items() if target in targets}
        expect(built - wanted, set(), f'{options}: parts built though disabled')
        expect('tests' in built, 'tests' in wanted, f'{options}: tests, which this machine can build')
        needs = {'core': {'tests'}, 'docs': {'tests', 'examples'}, 'interop': {'tests', 'examples'}, 'bench': {'bench'}}
        suites = {suite.split(':')[-1] for test in introspect('tests') for suite in test['suite']}
        expect(suites & set(needs), {suite for suite, parts in needs.items() if parts <= built}, f'{options}: suites')


def main():
    modes = {'pkgconfig': through_pkgconfig, 'subproject': as_subproject, 'configure': with_any_parts}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--mode', choices=modes, required=True)
    parser.add_argument('--meson', default='meson')
    args = parser.parse_args()
    version = re.search(r'version_string\[\] = "([^"]*)"', (ROOT / 'include/rmcpp/version.hpp').read_text())[1]
    with tempfile.TemporaryDirectory() as folder:
        modes[args.mode](args.meson, Path(folder), clean_environment(), version)


if __name__ == '__main__':
    main()
