"""
One file per verb of the command line: ``verbs/list.py`` is ``kerascrash list``.

A verb's module holds ``COMMAND: click.Command``. At its top it imports nothing beyond
the standard library, click and ``kerascrash.errors``: the list of verbs in ``--help``
loads all of them. What a verb works with is imported inside its function.
"""
