#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Builds a libFuzzer target with Clang, the address and the undefined-behaviour sanitizer, lets it read its whole
corpus (the recorded conversations of tests/vectors), and then fuzzes for a fixed number of runs from a fixed seed.

To fuzz on: fuzz.py TARGET --runs -1 --keep DIR (DIR collects what the fuzzer finds)."""

import argparse
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VECTORS = HERE.parent / 'vectors'
FLAGS = ['-std=c++20', '-g', '-O1', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all']
OPTIONS = range(32)  # the option byte that begins every input


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
        yield path.stem, datagrams_of_pcap(path)
    for path in sorted(VECTORS.glob('*.json')):
        trace = json.loads(path.read_text())
        packets = trace.get('packets') or trace.get('v15_packets') if isinstance(trace, dict) else None
        if isinstance(packets, list):
            yield path.stem, [(p['dir'] == 'b2c', bytes.fromhex(p['hex'])) for p in packets if 'hex' in p]


def record(number, to_console, datagram):
    return bytes([(number % 4) << 1 | to_console]) + struct.pack('<H', len(datagram)) + datagram


def write_corpus(folder):
    """Each conversation alone, under every option byte; and all of them interleaved."""
    count, everything = 0, []
    for number, (name, datagrams) in enumerate(conversations()):
        records = [record(number, *d) for d in datagrams]
        everything.append(records[:40])
        for options in OPTIONS:
            (folder / f'{name}.{options:02x}').write_bytes(bytes([options]) + b''.join(records[:60]))
            count += 1
        (folder / f'{name}.whole').write_bytes(b'\x11' + b''.join(records))
        count += 1
    mixed = b''.join(r[i] for i in range(40) for r in everything if i < len(r))
    (folder / 'interleaved').write_bytes(b'\x11' + mixed)
    return count + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('target', help='TARGET.cpp of this folder')
    parser.add_argument('--runs', type=int, default=20000, help='behind the corpus; -1: until stopped')
    parser.add_argument('--keep', type=pathlib.Path, help='folder for new inputs')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        program = folder / args.target
        subprocess.run(['clang++', *FLAGS, f'-I{ROOT / "include"}', str(HERE / f'{args.target}.cpp'), '-lcryptopp',
                        '-o', str(program)], check=True)
        corpus = folder / 'corpus'
        corpus.mkdir()
        files = write_corpus(corpus)
        if files < 100:
            sys.exit(f'only {files} inputs: where are the vectors?')
        new = args.keep or folder / 'new'
        new.mkdir(exist_ok=True)
        common = [str(program), '-timeout=20', '-rss_limit_mb=4096', '-max_len=8192', f'-artifact_prefix={scratch}/']
        read = subprocess.run([*common, *map(str, sorted(corpus.iterdir()))], capture_output=True, text=True)
        if read.returncode != 0:
            sys.exit(read.stderr[-4000:])
        print(f'{args.target}: read {files} inputs of the corpus under the sanitizers')
        fuzzed = subprocess.run([*common, '-seed=1', f'-runs={args.runs}', str(new), str(corpus)],
                                capture_output=args.runs >= 0, text=True)
        if fuzzed.returncode != 0:
            sys.exit((fuzzed.stderr or '')[-4000:])
        print(f'{args.target}: fuzzed, no complaint')


if __name__ == '__main__':
    main()
