"""Runs the programs of a chapter, and prints what they noted.

    python3 -m harness.run CHAPTER [PROGRAM_LEFT_OUT ...]
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


def main(chapter, *left_out):
    # What hangs says where, and ends.
    faulthandler.dump_traceback_later(25, exit=True)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    importlib.import_module(chapter)
    for program in programs.programs:
        programs.lines.clear()
        try:
            if program.__name__ not in left_out:
                run(program)
        except BaseException:
            programs.lines.append("ended with " + traceback.format_exc().replace("\n", " | "))
        print("@", program.__name__)
        for line in programs.lines:
            print(">", line)
        sys.stdout.flush()


main(*sys.argv[1:])
