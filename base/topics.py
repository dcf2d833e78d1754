# SPDX-License-Identifier: GPL-2.0-or-later
"""This tree as series of patches to QEMU: what tools/series and its check share.

base/topics lists the series; Topic and Step are its sections.  They are made in
a git repository that holds, of QEMU's pristine source, the files that they change:
patches of base/patches go in by git am, and the new machine's files in steps.
"""

import configparser
import fnmatch
import os
import re
import subprocess
from pathlib import Path

from patchlist import read_series

TREE = Path(os.environ.get('PAPR_TREE') or Path(__file__).resolve().parent.parent).resolve()
PATCHES = TREE / 'base' / 'patches'
OVERLAID = ('configs', 'docs', 'hw', 'include', 'target', 'tests')
PATHS = re.compile(r'^(?:---|\+\+\+) [ab]/(\S+)', re.M)


class Failure(Exception):
    """What is wrong, in one line or some."""


class Topic:
    """A series of patches to shared code.

    name, title, text (of the cover letter), patches (their files), after (names of
    topics that it is based on; none: it applies to QEMU as it is), tests (of QEMU's
    own, run in a build of this topic), papr_tests (of this tree's, run in its build),
    held (why it is not to be sent, or nothing).
    """

    def __init__(self, name, section, names):
        self.name = name
        self.title = section['title']
        self.text = section.get('text', '').strip('\n')
        self.after = section.get('after', '').split()
        self.tests = section.get('tests', '').split()
        self.papr_tests = section.get('papr-tests', '').split()
        self.held = ' '.join(section.get('held', '').split())
        self.patches = []
        for number in section['patches'].split():
            found = [patch for patch in names if patch.startswith(f'{number}-')]
            if not found:
                raise Failure(f'base/topics: {name}: there is no patch {number}')
            self.patches += found


class Step:
    """One commit of the new machine: hooks of base/patches, and files of this tree."""

    def __init__(self, name, section, names):
        self.name = name
        self.subject = section['subject']
        self.text = section['text'].strip('\n')
        self.hooks = [patch for patch in names
                      if patch.split('-')[0] in section.get('hooks', '').split()]
        self.patterns = section.get('files', '').split()
        self.tests = section.get('tests', '').split()


def series():
    return read_series(PATCHES)


def read_topics():
    """(topics, steps, the [machine] section) of base/topics, checked to name each
    patch once.
    """
    parser = configparser.ConfigParser(interpolation=None, empty_lines_in_values=True)
    parser.read(TREE / 'base' / 'topics', encoding='utf-8')
    names = series()
    topics = [Topic(name.split()[1], parser[name], names)
              for name in parser.sections() if name.startswith('topic ')]
    steps = [Step(name.split()[1], parser[name], names)
             for name in parser.sections() if name.startswith('step ')]
    taken = [patch for topic in topics for patch in topic.patches] + \
            [patch for step in steps for patch in step.hooks]
    for patch in names:
        if taken.count(patch) != 1:
            raise Failure(f'base/topics: {patch} is in {taken.count(patch)} topics or steps')
    known = []
    for topic in topics:
        for other in topic.after:
            if other not in known:
                raise Failure(f'base/topics: {topic.name}: no topic {other} before it')
        known.append(topic.name)
    return topics, steps, parser['machine']


def basis(topic, topics):
    """The topics that TOPIC is based on, and those that these are, in order."""
    wanted = set()

    def want(one):
        for other in topics:
            if other.name in one.after and other.name not in wanted:
                wanted.add(other.name)
                want(other)
    want(topic)
    return [other for other in topics if other.name in wanted]


def author():
    """Who the series are from: the author of the first patch."""
    found = re.match(r'From: (.*) <(.*)>', (PATCHES / series()[0]).read_text(encoding='utf-8'))
    if not found:
        raise Failure(f'{series()[0]} does not begin with From: NAME <ADDRESS>')
    return found.groups()


class Repository:
    """A git repository in DIRECTORY with the files of SOURCE that patches change."""

    def __init__(self, directory, source):
        self.directory, self.source = Path(directory), Path(source)
        self.directory.mkdir(parents=True)
        name, address = author()
        self.environment = dict(
            os.environ, GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=address,
            GIT_COMMITTER_NAME=name, GIT_COMMITTER_EMAIL=address,
            GIT_CONFIG_NOSYSTEM='1', GIT_CONFIG_GLOBAL='/dev/null')
        self.git('init', '-q', '.')
        # this tree's ignored names are not those of the series
        self.git('config', 'core.excludesFile', '/dev/null')
        # pages of docs that QEMU has are replaced by ours
        for path in sorted(touched_files() | set(our_files())):
            if (self.source / path).is_file():
                self.write(path, (self.source / path).read_bytes(),
                           (self.source / path).stat().st_mode)
        self.git('add', '-A')
        self.git('commit', '-q', '-m', f'QEMU {(self.source / "VERSION").read_text().strip()}')
        self.git('tag', 'pristine')

    def git(self, *arguments, check=True, **options):
        done = subprocess.run(['git', *arguments], cwd=self.directory, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, **options)
        if check and done.returncode:
            raise Failure(f'git {" ".join(arguments[:2])}: {done.stdout.strip()}')
        return done.stdout

    def write(self, path, content, mode=0o644):
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o755 if mode & 0o100 else 0o644)

    def start(self, branch, base='pristine'):
        self.git('checkout', '-q', '-f', '-B', branch, base)

    def apply(self, patches):
        """git am of PATCHES, all at once, or a Failure that names the bad one."""
        if not patches:
            return
        done = subprocess.run(['git', 'am', '-q', '--whitespace=error',
                               *(PATCHES / patch for patch in patches)],
                              cwd=self.directory, env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            at = self.at_patch()
            self.git('am', '--abort', check=False)
            name = patches[at - 1] if at else patches[0]
            raise Failure(f'git am refuses {name}:\n{done.stdout.strip()}')

    def at_patch(self):
        """The number of the mail that git am stopped at, 0 if it read none."""
        file = self.directory / '.git' / 'rebase-apply' / 'next'
        return int(file.read_text()) if file.is_file() else 0

    def places(self, old, new):
        """{subject: [(path, the function)]} of each hunk of the commits OLD..NEW."""
        found, path, subject = {}, '', ''
        for line in self.git('log', '-p', '-U0', '--no-renames', '--format=commit:%s',
                             f'{old}..{new}').splitlines():
            hunk = re.match(r'@@ -\S+ \+\S+ @@(.*)', line)
            if line.startswith('commit:'):
                subject = line[len('commit:'):]
            elif line.startswith('+++ '):
                path = line[4:]
            elif hunk:
                found.setdefault(subject, []).append((path, hunk[1].strip()))
        return found

    def changed(self, old, new):
        """(lines added, lines taken away, path) of each file between two commits."""
        for line in self.git('diff', '--numstat', '--no-renames', old, new).splitlines():
            more, less, path = line.split('\t')
            yield (int(more) if more != '-' else 0, int(less) if less != '-' else 0, path)

    def content(self, commit, path):
        """The bytes of PATH at COMMIT, None if it has none."""
        done = subprocess.run(['git', 'show', f'{commit}:{path}'], cwd=self.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return done.stdout if done.returncode == 0 else None


def touched_files():
    return {path for patch in series()
            for path in PATHS.findall((PATCHES / patch).read_text(encoding='utf-8'))}


def our_files():
    """Files of this tree that are laid over QEMU's, by path."""
    listed = subprocess.run(['git', '-C', TREE, 'ls-files', '-z', *OVERLAID],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            check=False).stdout.decode()
    if listed:
        return [path for path in listed.split('\0') if path and (TREE / path).is_file()]
    return sorted(path.relative_to(TREE).as_posix() for top in OVERLAID
                  for path in (TREE / top).rglob('*')
                  if path.is_file() and '__pycache__' not in path.parts)


def files_of_steps(steps, machine):
    """Files of each step, by its name: a file goes with the first that names it."""
    left_out = machine.get('left-out', '').split()
    found = {step.name: [] for step in steps}
    nowhere = []
    for path in our_files():
        if any(fnmatch.fnmatch(path, pattern) for pattern in left_out):
            continue
        home = next((step for step in steps
                     if any(fnmatch.fnmatch(path, pattern) for pattern in step.patterns)), None)
        if home:
            found[home.name].append(path)
        else:
            nowhere.append(path)
    if nowhere:
        raise Failure('base/topics: no step of the machine has '
                      f'{", ".join(nowhere[:5])} ({len(nowhere)} files)')
    return found


INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def early_includes(steps, machine):
    """`step: file includes header` for what a step includes and a later one brings."""
    files = files_of_steps(steps, machine)
    ours = {path for paths in files.values() for path in paths}
    have = set()
    for step in steps:
        have |= set(files[step.name])
        for path in files[step.name]:
            if path.endswith(('.c', '.h', '.S')):
                yield from (f'step {step.name}: {path} includes {header}, of a later step'
                            for header in included(path, ours) - have)


def included(path, ours):
    """Those of OURS that PATH includes."""
    here = os.path.dirname(path)
    found = set()
    for name in INCLUDE.findall((TREE / path).read_text(encoding='utf-8')):
        for candidate in (os.path.normpath(os.path.join(here, name)), name, f'include/{name}'):
            if candidate in ours:
                found.add(candidate)
                break
    return found


# --- build files of a step ---------------------------------------------------

NAMES = (re.compile(r"^\s*subdir\('([\w/-]+)'\)$"), re.compile(r"^\s*'([\w/-]+\.c)',$"),
         re.compile(r'^source (\S+)$'), re.compile(r"^\s*'(hw/[\w/-]+)',$"))
UNIT_TEST = re.compile(r"^  '(test-[\w-]+)': \[.*?\],\n", re.M | re.S)


def is_there(directory, name, have):
    """Whether a line of a build file in DIRECTORY names what is among HAVE."""
    inside = os.path.normpath(os.path.join(directory, name))
    return any(path == candidate or path.startswith(f'{candidate}/')
               for candidate in (inside, name) for path in have)


def for_step(path, text, pristine, have):
    """The build file PATH without those lines of ours that name files to come.

    PRISTINE are the lines that QEMU has, which stay; HAVE is all that is there of
    this tree's files.
    """
    directory = os.path.dirname(path)
    if path.endswith('unit/pseries/meson.build'):
        text = UNIT_TEST.sub(lambda found: found[0] if is_there(
            directory, f'{found[1]}.c', have) else '', text)
    kept = []
    for line in text.splitlines(keepends=True):
        found = next((found for name in NAMES for found in [name.match(line.rstrip('\n'))]
                      if found), None)
        if not found or line in pristine or is_there(directory, found[1], have):
            kept.append(line)
    return ''.join(kept)


def is_build_file(path):
    return os.path.basename(path) in ('meson.build', 'Kconfig')


def after_hooks(repository, hooks):
    """{path: bytes} of the shared files with HOOKS on top of all topics."""
    repository.start('hooks', 'shared')
    repository.apply([patch for patch in series() if patch in hooks])
    return {path: repository.content('hooks', path)
            for _, _, path in repository.changed('shared', 'hooks')}


def commit_steps(repository, steps, machine):
    """The new machine, a commit a step, on branch `machine`: {step's name: commit}."""
    files = files_of_steps(steps, machine)
    have, hooks, hooked, commits = [], [], {}, {}
    repository.start('machine', 'shared')
    for step in steps:
        have += files[step.name]
        if step.hooks:
            hooks += step.hooks
            hooked = after_hooks(repository, hooks)
            repository.start('machine', commits.get(last(commits), 'shared'))
        lay_step(repository, step, files[step.name], have, hooked)
        commits[step.name] = repository.git('rev-parse', 'HEAD').strip()
    return commits


def last(names):
    return next(reversed(names), None)


def lay_step(repository, step, files, have, hooked):
    """Commit the FILES of STEP, and build files and HOOKED ones as of all that we HAVE."""
    for path in files:
        if not is_build_file(path):
            repository.write(path, (TREE / path).read_bytes(), (TREE / path).stat().st_mode)
    for path in filter(is_build_file, have):
        text = for_step(path, (TREE / path).read_text(encoding='utf-8'), (), have)
        repository.write(path, text.encode())
    for path, content in hooked.items():
        pristine = (repository.content('shared', path) or b'').decode().splitlines(keepends=True)
        if is_build_file(path):
            content = for_step(path, content.decode(), set(pristine), have).encode()
        repository.write(path, content)
    name, address = author()
    repository.git('add', '-A')
    repository.git('commit', '-q', '-F', '-', input=f'{step.subject}\n\n{step.text}\n\n'
                   f'Signed-off-by: {name} <{address}>\n')


def make_branches(repository, topics, steps, machine):
    """All series as branches: one for each topic, `shared` (all topics in the order of
    base/patches/series) and `machine`.  Returns {name: (base, end)}, the machine's
    commits by step.
    """
    ranges = {}
    for topic in topics:
        repository.start(f'topic-{topic.name}')
        repository.apply([patch for patch in series() for other in basis(topic, topics)
                          if patch in other.patches])
        base = repository.git('rev-parse', 'HEAD').strip()
        try:
            repository.apply(topic.patches)
        except Failure as failure:
            raise Failure(f'topic {topic.name}: {failure}') from None
        ranges[topic.name] = (base, repository.git('rev-parse', 'HEAD').strip())
    repository.start('shared')
    hooks = {patch for step in steps for patch in step.hooks}
    repository.apply([patch for patch in series() if patch not in hooks])
    return ranges, commit_steps(repository, steps, machine)
