"""What the programs of all chapters share: how they are found, what they note, on which loop they run.

The counterparts are `program.rs` and `trace.rs`; what is noted has the same form on both sides.
"""

import asyncio
import selectors

programs = []
lines = []


def program(function):
    """Makes a function, or a coroutine function, a program of its chapter."""
    programs.append(function)
    return function


def say(*words):
    """Notes a line."""
    lines.append(" ".join(show(word) for word in words))


class Boom(Exception):
    """The error that programs raise themselves."""


def show(value):
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return format(round(value, 6), "g")
        case bytes() | bytearray():
            return value.decode()
        case list() | tuple():
            return "[" + ", ".join(show(item) for item in value) + "]"
        case BaseException():
            return show_error(value)
        case _:
            return str(value)


def show_error(error):
    name = type(error).__name__
    match error:
        case BaseExceptionGroup():
            return f"ExceptionGroup({error.message}: {', '.join(map(show, error.exceptions))})"
        case asyncio.CancelledError() if error.args and error.args[0]:
            return f"{name}({error.args[0]})"
        case asyncio.IncompleteReadError():
            return f"{name}({error.partial.decode()} of {show(error.expected)})"
        case asyncio.LimitOverrunError():
            return f"{name}({error.consumed})"
        case Boom():
            return f"{name}({error})"
        case _:
            return name


def attempt(function, *args):
    """What a call returns or raises."""
    try:
        return function(*args)
    except BaseException as error:
        return error


async def outcome(awaitable):
    """What awaiting gives or raises."""
    try:
        return await awaitable
    except BaseException as error:
        return error


CALLBACK = "Exception in callback"


def report(_, context):
    """Notes what the exception handler is given: the message, the exception, the keys of the rest."""
    known = ("message", "exception", "source_traceback", "handle_traceback")
    message = context["message"]
    if message.startswith(CALLBACK):
        # What follows is the name of the function, which each language has in its own form.
        message = CALLBACK
    say("reported:", message, context.get("exception"), sorted(key for key in context if key not in known))


async def ticks(count):
    for _ in range(count):
        await asyncio.sleep(0)


class Ticks:
    """Counts the ticks of the running loop from the moment it is made."""

    def __init__(self):
        self.count = -1
        self.loop = asyncio.get_running_loop()
        self.next()

    def next(self):
        self.count += 1
        if self.count < 50:
            self.loop.call_soon(self.next)


def create_task(coroutine, **options):
    """A task that the program need not keep."""
    task = asyncio.get_running_loop().create_task(coroutine, **options)
    kept.add(task)
    return task


kept = set()


class JumpingSelector(selectors.DefaultSelector):
    """Where nothing is ready, the clock jumps to the next timer instead of waiting for it."""

    now = 3600.0

    def select(self, timeout=None):
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout > 0:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time."""

    def __init__(self):
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self):
        return self.clock.now


def new_loop():
    return VirtualLoop()


def now():
    """Seconds since the program began."""
    return asyncio.get_running_loop().time() - JumpingSelector.now


def at(seconds):
    """The loop's time that many seconds after the program began."""
    return JumpingSelector.now + seconds
