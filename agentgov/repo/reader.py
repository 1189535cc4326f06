"""Objects out of git's database: one `git cat-file` child answers every question, bounded in size and time.

libgit2 1.9 ends the whole process on some damaged packs and never returns from a loose object that ends too early. A
child cannot do that to us: when it dies or hangs, that object is damaged and the next question gets a new child. It
answers 45,000 objects a second, and importing libgit2 costs more than most commands read. What it says is still
checked against the object id by the caller.

git is told where a question ends, and writes its answers together; before 2.36 it answers line by line, for nearly
twice the work. What it says of an object's size can come after it took the memory, so that is bounded too.
"""

import os
import select
import subprocess
import threading
import weakref
from collections.abc import Sequence
from typing import Literal, NamedTuple

from agentgov.repo.objects import ObjectError
from agentgov.repo.plumbing import Plumbing

About = Literal["contents", "info"]
_SECONDS = 60
_CHUNK = 1 << 20
_MAX_LINE = 4096
_MOST_ASKED = 256  # objects at once: their names must fit into a pipe, or both sides would wait
_MOST_MEMORY = 257 * 2**20  # bytes that git may take in one piece: no object that is read is larger
_TOGETHER = ("--batch-command", "--buffer")
_LINE_BY_LINE: dict[About, tuple[str, ...]] = {"contents": ("--batch",), "info": ("--batch-check",)}
_UNKNOWN_OPTION = 129  # what git exits with


class Header(NamedTuple):
    """Full id, type and size of an object, as git tells them."""

    oid: str
    kind: str
    size: int


class Child:
    """One `git cat-file` process, started when first asked, and again when it died. Threads may share it. Of a git
    before 2.36 it takes two, each of which answers one kind of question."""

    def __init__(self, plumbing: Plumbing) -> None:
        self._plumbing = plumbing
        self._is_old = False  # git, before 2.36
        self._lock = threading.Lock()
        self._started: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}  # by how they were called
        self._form: tuple[str, ...] = _TOGETHER  # of the one that is talked to
        self._owner = 0  # the process that started the children; a fork must not share their pipes
        self._buffer, self._at = b"", 0  # what the child said, and how much of it was taken
        self._poll = select.poll()

    def header(self, name: str) -> Header | None:
        """What git tells of an object (an id or its beginning), None when there is none or more than one."""
        with self._lock:
            return self._ask("info", name)

    def missing(self, oids: Sequence[str]) -> set[str]:
        """Those of several objects that are not there, asked for many at a time."""
        found: set[str] = set()
        with self._lock:
            for start in range(0, len(oids), _MOST_ASKED):
                asked = oids[start : start + _MOST_ASKED]
                self._send("info", *asked)
                found.update(oid for oid in asked if self._header(oid) is None)
        return found

    def content(self, oid: str, limits: dict[str, int]) -> tuple[str, bytes] | None:
        """(type, content) of an object, None when it is missing; ObjectError beyond the limit in bytes of its type."""
        with self._lock:
            header = self._ask("contents", oid)
            if header is None:
                return None
            if header.size > limits.get(header.kind, -1):
                self._stop()
                raise _too_large(header, oid)
            content = self._read(oid, header.size + 1)
            return header.kind, content[:-1]

    def contents(self, oids: Sequence[str], room: int) -> dict[str, tuple[str, bytes]]:
        """(type, content) of the first of several objects, up to `room` bytes; the others are left to `content`.

        They are asked for before the first answer is read, so that nobody waits for every one of them.
        """
        found: dict[str, tuple[str, bytes]] = {}
        with self._lock:
            for start in range(0, len(oids), _MOST_ASKED):
                asked = oids[start : start + _MOST_ASKED]
                self._send("contents", *asked)
                for oid in asked:
                    answer = self._whole_answer()
                    if answer is None:
                        header = self._header(oid)
                        if header is None:
                            continue  # missing
                        if header.size <= room:
                            answer = header.kind, self._read(oid, header.size + 1)[:-1]
                    if answer is None or len(answer[1]) > room:
                        self._stop()  # and with it the other answers
                        return found
                    room -= len(answer[1])
                    found[oid] = answer
        return found

    def _whole_answer(self) -> tuple[str, bytes] | None:
        """(type, content) where all of the next answer has come already, as nearly always; else nothing is taken."""
        buffer = self._buffer
        end = buffer.find(b"\n", self._at)
        fields = buffer[self._at : end].split(b" ") if end >= 0 else ()
        if len(fields) != 3 or not fields[2].isdigit():
            return None
        start = end + 1
        end = start + int(fields[2])
        if end >= len(buffer):
            return None
        self._at = end + 1
        return fields[1].decode("ascii", "replace"), buffer[start:end]

    def _ask(self, about: About, name: str) -> Header | None:
        self._send(about, name)
        return self._header(name)

    def _send(self, about: About, *names: str) -> None:
        """Ask for some objects. A new child has to answer before the question counts as understood: git before 2.36
        ends at once."""
        is_new = self._start(about)
        is_said = self._say(about, names)
        if is_new and not self._is_old and not (is_said and self._is_answered()):
            if self._stop() != _UNKNOWN_OPTION:
                raise self._damaged(names[0])
            self._is_old = True
            self._send(about, *names)
        elif not is_said:
            raise self._damaged(names[0])

    def _say(self, about: About, names: Sequence[str]) -> bool:
        """Ask for some objects; False where the child is gone."""
        stdin = self._started[self._form].stdin
        assert stdin is not None
        if self._is_old:
            lines = [f"{name}\n" for name in names]
        else:
            lines = [*(f"{about} {name}\n" for name in names), "flush\n"]
        try:
            stdin.write("".join(lines).encode())
            stdin.flush()
        except OSError:
            return False
        return True

    def _header(self, name: str) -> Header | None:
        fields = self._fields(name)
        if len(fields) == 2:
            return None
        return Header(fields[0].decode("ascii", "replace"), fields[1].decode("ascii", "replace"), int(fields[2]))

    def _fields(self, name: str) -> list[bytes]:
        """Id, type and size; or two words, "<name> missing" or "<name> ambiguous"."""
        fields = self._read_line(name).split(b" ")
        if len(fields) != 2 and (len(fields) != 3 or not fields[2].isdigit()):
            raise self._damaged(name)
        return fields

    def _read_line(self, name: str) -> bytes:
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            if len(self._buffer) - self._at > _MAX_LINE:
                raise self._damaged(name)
            self._buffer, self._at = self._buffer[self._at :] + self._more(name), 0
        line, self._at = self._buffer[self._at : end], end + 1
        return line

    def _read(self, name: str, size: int) -> bytes:
        part = self._buffer[self._at : self._at + size]
        self._at += len(part)
        if len(part) == size:
            return part
        parts, missing = [part], size - len(part)
        while missing > 0:
            self._buffer = self._more(name)
            parts.append(self._buffer[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        return b"".join(parts)

    def _more(self, name: str) -> bytes:
        """Some bytes of the answer; ObjectError where the child died or says nothing for a minute."""
        part = self._some()
        if not part:
            raise self._damaged(name)
        return part

    def _is_answered(self) -> bool:
        self._buffer = self._some()
        return bool(self._buffer)

    def _some(self) -> bytes:
        """Some bytes of the answer, none where no more will come."""
        ready = self._poll.poll(_SECONDS * 1000)
        return os.read(ready[0][0], _CHUNK) if ready else b""

    def _damaged(self, name: str) -> ObjectError:
        self._stop()
        return ObjectError("object.damaged", f"the stored object {name} is damaged; look at: git fsck")

    def _start(self, about: About) -> bool:
        """Have a child that answers this; whether it is a new one."""
        if self._owner != os.getpid():
            self._started, self._owner = {}, os.getpid()
        self._form = _LINE_BY_LINE[about] if self._is_old else _TOGETHER
        process = self._started.get(self._form)
        is_new = process is None or process.poll() is not None
        if process is None or is_new:
            self._buffer, self._at = b"", 0
            process = self._plumbing.start("cat-file", *self._form, memory=_MOST_MEMORY)
            self._started[self._form] = process
            weakref.finalize(self, _end, process)  # in a fork this closes its copies of the pipes, no more
        if is_new or self._is_old:
            assert process.stdout is not None
            self._poll = select.poll()
            self._poll.register(process.stdout.fileno(), select.POLLIN)
        return is_new

    def _stop(self) -> int | None:
        """End the child; what it exited with, where it had ended by itself."""
        process = self._started.pop(self._form, None)
        if process is None:
            return None
        process.kill()
        _end(process)
        return process.returncode


def _too_large(header: Header, oid: str) -> ObjectError:
    return ObjectError("object.too-large", f"the {header.kind} {oid} has {header.size} bytes, too many to read")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, at which the child ends by itself, and wait for it."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                continue
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
