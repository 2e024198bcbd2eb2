#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Builds a libFuzzer target with Clang, the address and the undefined-behaviour sanitizer, lets it read its whole
corpus, and then fuzzes for a fixed number of runs from a fixed seed.

The corpus of TARGET.cpp is corpus/TARGET.hex, an input a line in hexadecimal digits; the follower's is also made of
the recorded conversations of tests/vectors.

To fuzz on: fuzz.py TARGET --runs -1 --keep DIR (DIR collects what the fuzzer finds), and with --jobs on more cores.
To add inputs to the corpus, those of DIR or any others: fuzz.py TARGET --add DIR. What covers nothing new is left out.
"""

import argparse
import collections
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VECTORS = HERE.parent / 'vectors'
FLAGS = ['-std=c++20', '-gline-tables-only', '-O1', '-D_GLIBCXX_ASSERTIONS', '-fsanitize=fuzzer,address,undefined',
         '-fno-sanitize-recover=all']
Target = collections.namedtuple('Target', 'libraries longest runs')  # as many runs as take about ten seconds
TARGETS = {
    'bmc': Target([], 1500, 8000),
    'console': Target(['-lcryptopp'], 1500, 15000),
    'follower': Target(['-lcryptopp'], 8192, 20000),
    'insider': Target([], 1500, 10000),
    'insider_v15': Target([], 1500, 10000),
    'protect': Target(['-lcryptopp'], 600, 20000),
    'readers': Target(['-lpcap', '-lz'], 2048, 40000),
    'wire': Target([], 600, 50000),
}
OPTIONS = range(32)  # the option byte that begins every input of the follower's


def datagrams_of_pcap(path):
    """(to console, UDP payload) of each frame of a classic Ethernet capture, as the vectors are."""
    data = path.read_bytes()
    at, server, out = 24, None, []
    while at < len(data):
        size = struct.unpack_from('<I', data, at + 8)[0]
        frame = data[at + 16:at + 16 + size]
        at += 16 + size
        udp = 14 + 4 * (frame[14] & 15)
        source, destination, length = struct.unpack_from('>HHH', frame, udp)
        server = destination if server is None else server
        out.append((destination != server, frame[udp + 8:udp + length]))
    return out


def conversations():
    for path in sorted(VECTORS.glob('**/*.pcap')):
        yield datagrams_of_pcap(path)
    for path in sorted(VECTORS.glob('*.json')):
        trace = json.loads(path.read_text())
        packets = trace.get('packets') or trace.get('v15_packets') if isinstance(trace, dict) else None
        if isinstance(packets, list):
            yield [(p['dir'] == 'b2c', bytes.fromhex(p['hex'])) for p in packets if 'hex' in p]


def record(number, to_console, datagram):
    return bytes([(number % 4) << 1 | to_console]) + struct.pack('<H', len(datagram)) + datagram


def recorded():
    """Each conversation alone, under every option byte; and all of them interleaved."""
    everything = []
    for number, datagrams in enumerate(conversations()):
        records = [record(number, *d) for d in datagrams]
        everything.append(records[:40])
        yield from (bytes([options]) + b''.join(records[:60]) for options in OPTIONS)
        yield b'\x11' + b''.join(records)
    if not everything:
        sys.exit('where are the vectors?')
    yield b'\x11' + b''.join(r[i] for i in range(40) for r in everything if i < len(r))


def corpus_file(target):
    return HERE / 'corpus' / f'{target}.hex'


def write_corpus(target, folder):
    """Each input of the corpus as a file; returns their names."""
    inputs = [bytes.fromhex(line) for line in corpus_file(target).read_text().split()]
    if target == 'follower':
        inputs += recorded()
    folder.mkdir()
    for number, data in enumerate(inputs):
        (folder / f'{number:05}').write_bytes(data)
    return [str(path) for path in sorted(folder.iterdir())]


def run(command, scratch, quiet=True):
    done = subprocess.run(command, capture_output=quiet, text=True, errors='replace')
    if done.returncode == 0:
        return
    said = done.stderr or ''
    culprits = [path for kind in ('crash-*', 'timeout-*', 'leak-*', 'oom-*') for path in scratch.glob(kind)]
    culprits = culprits or re.findall('^Running: (.*)', said, re.MULTILINE)[-1:]  # of the corpus: no file is written
    print(said[-8000:], *(f'the input: {pathlib.Path(path).read_bytes().hex()}' for path in culprits), sep='\n')
    sys.exit(1)


def add(program, target, files, scratch, folders):
    """Puts into the corpus what covers something new. What is in it stays: an input that once showed a fault may cover
    nothing new."""
    corpus = scratch / 'corpus'
    run([*program, '-merge=1', str(corpus), *map(str, folders)], scratch)
    new = {path.read_bytes().hex() for path in corpus.iterdir() if str(path) not in files}
    lines = sorted(new.union(corpus_file(target).read_text().split()), key=lambda line: (len(line), line))
    corpus_file(target).write_text(''.join(line + '\n' for line in lines))
    print(f'{corpus_file(target)}: {len(new)} inputs more, {len(lines)} in all')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('target', choices=TARGETS)
    parser.add_argument('--runs', type=int, help='behind the corpus; -1: until stopped')
    parser.add_argument('--keep', type=pathlib.Path, help='folder for new inputs')
    parser.add_argument('--jobs', type=int, help='that fuzz at the same time; they need --keep')
    parser.add_argument('--add', type=pathlib.Path, nargs='+', metavar='DIR', help='inputs for the corpus')
    parser.add_argument('--include', type=pathlib.Path, default=ROOT / 'include', help='headers to fuzz')
    args = parser.parse_args()
    target = TARGETS[args.target]
    runs = target.runs if args.runs is None else args.runs
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        binary = scratch / args.target
        source = HERE / f'{args.target}.cpp'
        subprocess.run(['clang++', *FLAGS, f'-I{args.include}', str(source), *target.libraries, '-o', str(binary)],
                       check=True)
        program = [str(binary), '-timeout=20', '-rss_limit_mb=4096', f'-max_len={target.longest}',
                   f'-artifact_prefix={scratch}/']
        files = write_corpus(args.target, scratch / 'corpus')
        if args.add:
            return add(program, args.target, files, scratch, args.add)
        run([*program, *files], scratch)
        print(f'{args.target}: read {len(files)} inputs of the corpus under the sanitizers')
        new = args.keep or scratch / 'new'
        new.mkdir(exist_ok=True)
        jobs = [f'-fork={args.jobs}'] if args.jobs else []
        run([*program, *jobs, '-seed=1', f'-runs={runs}', str(new), str(scratch / 'corpus')], scratch, runs >= 0)
        print(f'{args.target}: fuzzed, no complaint')
    return None


if __name__ == '__main__':
    main()
