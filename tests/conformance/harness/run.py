"""Runs the programs of a chapter, and prints what they noted.

    python3 -m harness.run CHAPTER [PROGRAM]
"""

import faulthandler
import importlib
import inspect
import logging
import sys
import traceback

from harness import programs


def run(program):
    if not inspect.iscoroutinefunction(program):
        return program()
    loop = programs.new_loop()
    try:
        loop.run_until_complete(program())
    finally:
        programs.kept.clear()
        loop.close()


def main(chapter, only=None):
    # What hangs says where, and ends.
    faulthandler.dump_traceback_later(10, exit=True)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    importlib.import_module(chapter)
    for program in programs.programs:
        if only not in (None, program.__name__):
            continue
        programs.lines.clear()
        try:
            run(program)
        except BaseException:
            programs.lines.append("ended with " + traceback.format_exc().replace("\n", " | "))
        print("@", program.__name__)
        for line in programs.lines:
            print(">", line)
        sys.stdout.flush()


main(*sys.argv[1:])
