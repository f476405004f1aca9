"""
Filters that are programs: content on standard input, result on standard output.

No shell; an argument list; an empty working directory of its own; a limit of time and one of what is printed, beyond
which the program and all that it started in its process group is killed. A program that fails never passes for one that
made an empty file.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from assetzcml.bundles.filters.base import ContentFilter, FilterError, FilterWarning, file_of, option
from assetzcml.errors import Origin, Problem, printable
from assetzcml.resolving.fingerprints import Fingerprint, fingerprint

__all__ = ["Finished", "PrintedTooMuch", "SubprocessFilter", "ended", "kill", "run"]

TIMEOUT = 60.0  # seconds; esbuild and Sass take well under ten for what a browser would load
VERSION_TIMEOUT = 20.0  # seconds; Node on a cold disk takes some of them
PRINTED = 64 * 1024 * 1024  # bytes that any program may print; an answer of megabytes is a mistake already
TIMES = 20  # as many as it was given, besides: source maps and expanded mixins are larger than the source, and no more than this
GRACE = 1.0  # seconds for a killed program's pipes to close; who left its process group may hold them for ever
CHUNK = 65_536  # bytes, what a pipe of Linux holds
SHOWN = 10_000  # bytes of the complaints of a program that does not stop printing
STDERR_LINES = 30  # of a message; the first ones say what is wrong, what follows is a trace
VERSIONS_KEPT = 64  # programs; a process uses a handful

LIMITS = frozenset(["timeout", "print_limit"])  # options that change nothing about what is made

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")

_versions: dict[tuple[Any, ...], str] = {}
_versions_lock = threading.Lock()


class Finished(NamedTuple):
    """What a program left: its exit status (negative: the signal that killed it) and what it printed."""

    status: int
    stdout: bytes
    stderr: bytes


class PrintedTooMuch(Exception):
    """A program printed more than *limit* bytes on its standard output, or error, and was killed."""

    def __init__(self, limit: int, stderr: bytes):
        super().__init__(f"it printed more than {limit:,} bytes and was killed")
        self.limit = limit
        self.stderr = stderr


def run(
    argv: Sequence[str],
    content: bytes = b"",
    timeout: float = TIMEOUT,
    env: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> Finished:
    """
    Run *argv* with *content* as its input, in an empty directory, for at most *timeout* seconds.

    *env* is added to this process's environment. *limit* is how many bytes it may print, by default 64 MiB and 20 times
    the content. Raises OSError when it cannot be started, and after it was killed subprocess.TimeoutExpired, with what it
    had printed, or PrintedTooMuch.
    """
    limit = PRINTED + TIMES * len(content) if limit is None else limit
    with tempfile.TemporaryDirectory(prefix="assetzcml-", ignore_cleanup_errors=True) as directory:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
            env={**os.environ, **env} if env else None,
            start_new_session=True,  # a process group of its own, so that its children can be killed with it
        )
        with ended(process):
            stdout, stderr = _exchanged(process, content, timeout, limit)
        return Finished(process.returncode, stdout, stderr)


def _exchanged(process: subprocess.Popen[bytes], content: bytes, timeout: float, limit: int) -> tuple[bytes, bytes]:
    """Give *content* to a process, and return what it prints until it ends."""
    if os.name != "posix":  # there is no waiting for pipes there
        return process.communicate(content, timeout=timeout)
    deadline = time.monotonic() + timeout
    exchange = _Exchange(process, content, limit)
    try:
        while exchange.goes_on:
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, timeout)
            exchange.step(left)
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as expired:
        kill(process)
        exchange.finish(GRACE)
        expired.stdout, expired.stderr = exchange.printed()
        raise
    finally:
        exchange.close()
    return exchange.printed()


class _Exchange:
    """The pipes of a process, each read and written as far as that does not wait."""

    def __init__(self, process: subprocess.Popen[bytes], content: bytes, limit: int):
        self._process = process
        self._rest = memoryview(content)
        self._limit = limit
        self._printed = {process.stdout: bytearray(), process.stderr: bytearray()}
        self._selector = selectors.DefaultSelector()
        self._selector.register(process.stdin, selectors.EVENT_WRITE)  # type: ignore[arg-type]
        for pipe in self._printed:
            self._selector.register(pipe, selectors.EVENT_READ)  # type: ignore[arg-type]

    @property
    def goes_on(self) -> bool:
        return bool(self._selector.get_map())

    def step(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._process.stdin:
                self._give(key)
            else:
                self._take(key)

    def _give(self, key: selectors.SelectorKey) -> None:
        try:
            self._rest = self._rest[os.write(key.fd, self._rest[: select.PIPE_BUF]) :] if self._rest else self._rest
        except BrokenPipeError:  # it reads no more, which is its own business
            self._rest = self._rest[:0]
        if not self._rest:
            self._done(key)

    def _take(self, key: selectors.SelectorKey) -> None:
        printed = self._printed[key.fileobj]  # type: ignore[index]
        piece = os.read(key.fd, CHUNK)
        printed += piece
        if not piece:
            self._done(key)
        elif len(printed) > self._limit:
            self._complaint()
            raise PrintedTooMuch(self._limit, bytes(self._printed[self._process.stderr][:SHOWN]))

    def _complaint(self) -> None:
        """What has been printed as an error is read too, also where the other pipe was asked first."""
        for key, _ in self._selector.select(0):
            if key.fileobj is self._process.stderr and not self._printed[self._process.stderr]:
                self._printed[self._process.stderr] += os.read(key.fd, CHUNK)

    def _done(self, key: selectors.SelectorKey) -> None:
        self._selector.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr]

    def finish(self, seconds: float) -> None:
        """Read what a process that was killed has left in its pipes."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(OSError, PrintedTooMuch):
            while self.goes_on and time.monotonic() < deadline:
                self.step(max(0.0, deadline - time.monotonic()))

    def printed(self) -> tuple[bytes, bytes]:
        return bytes(self._printed[self._process.stdout]), bytes(self._printed[self._process.stderr])

    def close(self) -> None:
        self._selector.close()


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever goes wrong inside, also an interrupt: the process group is gone and the pipes are closed afterwards."""
    try:
        yield
    except BaseException:
        kill(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()
        raise


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group; where there are no groups, the program alone."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


class SubprocessFilter(ContentFilter):
    """
    Runs a program over the content. A subclass says which: `program`, and `arguments`.

    The program is looked for in: the option `binary` (its setting is read from the bundle, the environment, then
    os.environ), `node_modules/.bin` of the environment's directory and of every directory above it, PATH.

    Raises FilterError when it is not found, cannot be started, exceeds the time limit, is killed, exits with a
    status other than 0, or prints nothing for content that is not blank.
    """

    program: ClassVar[str]
    install_hint: ClassVar[str] = ""  # how to get the program: "npm install esbuild"
    version_arguments: ClassVar[Sequence[str]] = ("--version",)
    options: ClassVar[Mapping[str, Any]] = {
        "binary": option(),
        "timeout": option("timeout", "FILTER_TIMEOUT", float, TIMEOUT),
        "print_limit": option("print_limit", "FILTER_PRINT_LIMIT", int),
    }

    def setup(self) -> None:
        super().setup()
        if not 0 < self.timeout < float("inf"):
            raise FilterError(f"{self.name}: timeout is {self.timeout!r}; seconds, more than 0, were expected")
        if self.print_limit is not None and self.print_limit < 1:
            raise FilterError(f"{self.name}: print_limit is {self.print_limit!r}; bytes, at least 1, were expected")

    def unique(self) -> Any:
        # A limit makes no other filter, and no other bytes.
        return {name: value for name, value in super().unique().items() if name not in LIMITS}

    def cache_options(self) -> dict[str, Any]:
        # Where the program lies does not matter, its version does.
        return {n: value for n, value in super().cache_options().items() if n != "binary" and n not in LIMITS}

    def arguments(self, **kw: Any) -> list[str]:
        """The arguments of the program for this content; it stands on standard input."""
        return []

    def environ(self) -> dict[str, str]:
        """Environment variables for the program, added to those of this process."""
        return {}

    def may_print_nothing(self, content: bytes) -> bool:
        """Whether an empty result is right for *content*: by default, when it is blank."""
        return not content.strip()

    def transform(self, content: bytes, **kw: Any) -> bytes:
        finished = self.run([*self.command(), *self.arguments(**kw)], content, **kw)
        if not finished.stdout.strip() and not self.may_print_nothing(content):
            self.fail(f"printed nothing for {len(content):,} bytes", finished.stderr, **kw)
        if finished.stderr.strip():
            self.warn(finished.stderr, **kw)
        return finished.stdout

    def run(self, argv: Sequence[str], content: bytes, **kw: Any) -> Finished:
        """Run *argv*; FilterError unless it ends in time with status 0."""
        try:
            finished = run(argv, content, self.timeout, self.environ(), self.print_limit)
        except PrintedTooMuch as error:
            hint = f"see what it prints; the setting {self._options['print_limit'].setting!r} allows more"
            self.fail(f"printed more than {error.limit:,} bytes and was killed", error.stderr, hint=hint, **kw)
        except subprocess.TimeoutExpired as expired:
            self.fail(f"did not end within {self.timeout:g} s and was killed", expired.stderr, **kw)
        except OSError as error:
            self.fail(f"cannot be run as {argv[0]}: {error.strerror or error}", b"", **kw)
        if finished.status < 0:
            self.fail(f"was killed by {_signal_name(-finished.status)}", finished.stderr, **kw)
        if finished.status:
            self.fail(f"failed with status {finished.status}", finished.stderr, **kw)
        return finished

    def fail(self, message: str, stderr: bytes | None, hint: str = "", **kw: Any) -> None:
        """Raise FilterError at the place that the program complains about, with what it said."""
        said = plain_output(stderr or b"")
        origin = self.complaint(said, **kw) or Origin(file_of(kw))
        indented = "".join(f"\n    {line}" for line in said.splitlines()[:STDERR_LINES])
        name = self.name if self.name == self.program else f"{self.name}: {self.program}"
        raise FilterError(Problem(origin, f"{name} {message}{':' if indented else ''}{indented}", hint))

    def warn(self, stderr: bytes, **kw: Any) -> None:
        """Pass on what a program said that did its work."""
        said = plain_output(stderr)
        origin = self.complaint(said, **kw) or Origin(file_of(kw))
        warnings.warn_explicit(f"{origin}: {self.name}: {said}", FilterWarning, origin.file, origin.line)

    def complaint(self, said: str, **kw: Any) -> Origin | None:
        """The place in the source that *said*, the program's standard error, is about; None when it names none."""
        return None

    def command(self) -> list[str]:
        """The program and its leading arguments. Raises FilterError, that says where it was looked for."""
        binary = self.binary
        if isinstance(binary, list | tuple):
            return [os.fspath(part) for part in binary]
        if binary is not None and os.path.basename(binary) != os.fspath(binary):
            return [self._checked(Path(binary))]
        program = self.program if binary is None else os.fspath(binary)
        found = self._in_node_modules(program) if binary is None else None
        found = found or shutil.which(program, path=_absolute_path())
        if found is None:
            raise FilterError(Problem(None, self._not_found(program), self.install_hint))
        return [found]

    def _checked(self, binary: Path) -> str:
        setting = self._options["binary"].setting
        what = f"{self.name}: the program {str(binary)!r} (option 'binary', setting {setting!r})"
        if not binary.is_absolute():
            raise FilterError(f"{what} is a relative path; an absolute one, or a name that PATH has, was expected")
        if not binary.is_file():
            raise FilterError(f"{what} is not a file")
        if not os.access(binary, os.X_OK):
            raise FilterError(f"{what} is not executable")
        return str(binary)

    def _in_node_modules(self, program: str) -> str | None:
        for directory in self._directories():
            candidate = directory / "node_modules" / ".bin" / program
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return str(candidate)
        return None

    def _directories(self) -> list[Path]:
        """The environment's directory and those above it; none where the environment has no directory."""
        try:
            directory = Path(self.ctx.directory).absolute()  # type: ignore[union-attr]
        except (AttributeError, OSError, TypeError):  # none is declared
            return []
        return [directory, *directory.parents]

    def _not_found(self, program: str) -> str:
        setting = self._options["binary"].setting
        places = [f"the setting and the environment variable {setting!r} are not set"] if self.binary is None else []
        directories = self._directories() if self.binary is None else []
        if directories:
            places.append(f"no node_modules/.bin from {str(directories[0])!r} upward has it")
        return f"{self.name}: the program {program!r} was not found: {', '.join([*places, 'it is not on PATH'])}"

    def tool_versions(self) -> Sequence[str]:
        return (f"{self.program} {self.tool_version()}",)

    def tool_version(self) -> str:
        """The version that the program says it has; asked once, until the file changes."""
        argv = self.command()
        key = (tuple(argv), *(_stamp(part) for part in argv))
        if key not in _versions:
            finished = self._version_run([*argv, *self.version_arguments])
            found = _VERSION.search(finished)
            if found is None:
                raise FilterError(f"{self.name}: {argv[0]} does not say its version, but {finished.strip()[:200]!r}")
            with _versions_lock:
                while len(_versions) >= VERSIONS_KEPT:
                    del _versions[next(iter(_versions))]
                _versions[key] = found.group()
        return _versions[key]

    def _version_run(self, argv: list[str]) -> str:
        try:
            finished = run(argv, timeout=min(VERSION_TIMEOUT, self.timeout), env=self.environ())
        except (OSError, subprocess.TimeoutExpired, PrintedTooMuch) as error:
            raise FilterError(f"{self.name}: {' '.join(argv)}: {error}") from error
        if finished.status:
            raise FilterError(f"{self.name}: {' '.join(argv)} failed: {plain_output(finished.stderr)[:500]}")
        return finished.stdout.decode("utf-8", "replace")


def plain_output(said: bytes) -> str:
    """What a program said, without colours and other bytes that a terminal would act on."""
    lines = _ANSI.sub("", said.decode("utf-8", "replace")).strip("\r\n").splitlines()
    return "\n".join(printable(line).rstrip() for line in lines)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _absolute_path() -> str:
    """PATH without its relative directories: the program runs elsewhere, and they are anybody's."""
    return os.pathsep.join(part for part in os.get_exec_path() if os.path.isabs(part))


def _stamp(path: str) -> Fingerprint | None:
    """Which version of a file *path* is; None for an argument that is no file."""
    try:
        return fingerprint(os.stat(path))
    except OSError:
        return None
