#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that the documents are reStructuredText without errors, by docutils.

What Sphinx has besides (directives, roles) is accepted unread.
"""

import io
import sys

from tree import files, report, text

SPHINX_ROLES = ('doc', 'ref', 'option', 'term')
SPHINX_DIRECTIVES = ('toctree', 'kernel-doc', 'code-block', 'option', 'program')
SKIPPED = 77


def accept_sphinx(docutils):
    """Let docutils take what only Sphinx knows."""
    class Unread(docutils.parsers.rst.Directive):
        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec = dict.fromkeys(('maxdepth', 'caption'), str)

        def run(self):
            return []

    def role(_name, raw, content, *_):
        return [docutils.nodes.literal(raw, content)], []

    for name in SPHINX_DIRECTIVES:
        docutils.parsers.rst.directives.register_directive(name, Unread)
    for name in SPHINX_ROLES:
        docutils.parsers.rst.roles.register_local_role(name, role)


def complaints(docutils, path):
    """What docutils says of document PATH, from warnings on."""
    said = io.StringIO()
    docutils.core.publish_doctree(text(path), source_path=path, settings_overrides={
        'report_level': 2, 'halt_level': 5, 'warning_stream': said})
    return [line for line in said.getvalue().splitlines() if line.startswith(f'{path}:')]


def main():
    try:
        import docutils.core            # pylint: disable=import-outside-toplevel
        import docutils.nodes
        import docutils.parsers.rst
    except ImportError:
        print('skipped: docutils is missing (Debian: python3-docutils)')
        sys.exit(SKIPPED)
    accept_sphinx(docutils)
    report([line for path in files('.rst', under='docs') for line in complaints(docutils, path)])


if __name__ == '__main__':
    main()
