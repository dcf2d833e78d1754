#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/check with a harness that does not do what it should.

The harness is a script in meson's place: it writes what a run of meson would write into
its log, and ends as it likes.
"""

import json
from pathlib import Path

from lab import TREE, Machine, expect, lacks, main, matches

CHECK = TREE / 'tools' / 'check'
# name, suite, protocol
TESTS = [['one', 'pseries-unit', 'exitcode'], ['two', 'pseries-unit', 'exitcode'],
         ['points', 'pseries-qtest', 'tap'], ['slow', 'pseries-kvm-more', 'exitcode'],
         ['fuzz', 'pseries-fuzz-long', 'exitcode'], ['other', 'qtest-ppc64', 'exitcode']]
MESON = '''#!/bin/sh
# words of the command line that are no option and follow `test -C DIR` are tests
shift 3
for word; do
    case $word in
    --suite=*) echo "${word#*=}" >> "$BUILD/suites" ;;
    -*) ;;
    *) echo "$word" >> "$BUILD/asked" ;;
    esac
done
cat "$BUILD/says" > "$BUILD/meson-logs/testlog.json"
'''


def result(name, outcome='OK', stdout='', stderr='', suite='qemu:pseries'):
    return json.dumps({'name': f'{suite} / {name}', 'result': outcome, 'stdout': stdout,
                       'stderr': stderr})


GOOD = [result('one'), result('two'), result('points', stdout='1..2\nok 1 a\nok 2 b\n')]


def check(folder, results, end='exit 0', words=(), tail='', **env):
    """Run tools/check where meson logs RESULTS and ends by END: status, text, tests asked for."""
    machine = Machine(folder)
    tests = [{'name': name, 'suite': [f'qemu:{suite}'], 'protocol': protocol, 'depends': [],
              'cmd': ['true']} for name, suite, protocol in TESTS]
    machine.write('build/meson-info/intro-tests.json', json.dumps(tests))
    machine.write('build/meson-info/intro-targets.json', '[]')
    machine.write('build/meson-logs/testlog.json', '\n'.join(GOOD) + '\n')     # of a run before
    machine.write('build/says', ''.join(f'{line}\n' for line in results) + tail)
    machine.write('build/pyvenv/bin/meson', f'{MESON}{end}\n', 0o755)
    status, said = machine.run(CHECK, *words, **env)
    asked = machine.root / 'build' / 'asked'
    return status, said, asked.read_text().split() if asked.exists() else []


def all_well(folder):
    """What passes passes: the test that this file's others differ from."""
    status, said, asked = check(folder, GOOD)
    expect(status == 0, said)
    matches('^4 passed, 0 failed, 0 skipped$', said)
    expect(asked == ['one', 'points', 'two'], asked)


def harness_killed(folder):
    """The harness is killed after one test, in the middle of a line."""
    status, said, _ = check(folder, GOOD[:1], 'kill -9 $$', tail=GOOD[1][:20])
    expect(status == 1, said)
    matches('two: no result; meson ended with signal 9', said)
    matches('points: no result', said)
    matches('^1 passed, 2 failed, 0 skipped$', said)


def harness_silent(folder):
    """The harness leaves tests out, and says that all is well."""
    status, said, _ = check(folder, GOOD[:2])
    expect(status == 1, said)
    matches('points: no result; meson ended with status 0', said)


def harness_fails(folder):
    """Each test has passed, and the harness has not."""
    status, said, _ = check(folder, GOOD, 'exit 2')
    expect(status == 1, said)
    matches('meson: ended with status 2', said)
    matches('^4 passed, 1 failed', said)


def harness_never_ran(folder):
    """The log of an earlier run is no result of this one."""
    status, said, _ = check(folder, [], 'rm -f "$BUILD/meson-logs/testlog.json"; exit 1')
    expect(status == 1, said)
    matches('^0 passed, 3 failed', said)


def todo(folder):
    """Points with TAP's mark of what is yet to be done have failed, however they came out."""
    mark = '# TO' 'DO later'
    points = f'1..4\nok 1 a\nok 2 b {mark}\nnot ok 3 c {mark}\nok 4 d # SKIP no d\n'
    status, said, _ = check(folder, [*GOOD[:2], result('points', stdout=points)])
    expect(status == 1, said)
    matches('points: b', said)
    matches('points: c', said)
    matches('^3 passed, 2 failed, 1 skipped$', said)


def bad_plan(folder):
    """All points of a test have passed, but not all that it planned."""
    broken = result('points', 'ERROR', '1..2\nok 1 a\n')
    status, said, _ = check(folder, [*GOOD[:2], broken], 'exit 1')
    expect(status == 1, said)
    matches('^3 passed, 1 failed', said)


def reasons(folder):
    """What failed tests said stands below the skipped ones; of much, the begin and the end."""
    points = '1..2\nok 1 a\n# of a\nnot ok 2 b\n# why b\n# more\n'
    many = '\n'.join(f'line {n}' for n in range(100))
    status, said, _ = check(folder, [result('one', 'SKIP'), result('two', 'FAIL', stderr=many),
                                     result('points', 'FAIL', points, stderr='of points')],
                            'exit 1')
    expect(status == 1, said)
    said = said[said.index('Skipped:'):]
    matches(r'^two said:\n  line 0\n  line 1\n', said)
    matches(r'\[\.\.\.\]\n  line 94\n(  .*\n)*  line 99\n', said)
    lacks('line 50', said)
    matches(r'^points said:\n  of points\n  # why b\n  # more\n', said)
    lacks('of a', said)


def all_skipped(folder):
    """Where nothing has passed, nothing is shown."""
    status, said, _ = check(folder, [result(name, 'SKIP') for name in ('one', 'two', 'points')],
                            'exit 0')
    expect(status == 1, said)
    matches('^0 passed, 0 failed, 3 skipped$', said)


def long(folder):
    """check-long runs the suites that check leaves out, and no others."""
    status, said, asked = check(folder, [result('slow'), result('fuzz')], words=['--long'])
    expect(status == 0, said)
    expect(asked == ['fuzz', 'slow'], asked)
    lacks('one', said)


def by_suite(folder):
    """SUITE names any suite, with or without the prefix."""
    status, said, asked = check(folder, [result('slow'), result('other')],
                                SUITE='kvm-more,qtest-ppc64')
    expect(status == 0, said)
    expect(asked == ['other', 'slow'], asked)


def suites_by_name(folder):
    """meson is told the suites, too: by name alone, QEMU's default setup leaves some out."""
    check(folder, GOOD)
    suites = Path(folder, 'build', 'suites').read_text().split()
    expect(suites == ['pseries-qtest', 'pseries-unit'], suites)


def no_suite(folder):
    """A suite that there is not is named, with those that there are."""
    status, said, asked = check(folder, GOOD, SUITE='nix')
    expect(status == 1 and not asked, said)
    matches('SUITE=nix: not one of .*pseries-unit', said)


main([all_well, harness_killed, harness_silent, harness_fails, harness_never_ran, todo, bad_plan,
      reasons, all_skipped, long, by_suite, suites_by_name, no_suite])
