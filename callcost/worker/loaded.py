"""Lists the files that each contender loads and reads, in a separate process for each.

worker.py loads this file by its path. A fork prepares and checks each contender. It then lists
the files of its modules, the libraries in its memory, the other files that it opened, and the
modules that it looked for but did not import. Anything that such a list cannot show is reported as
a doubt.
"""

import importlib.machinery
import json
import os
import sys

if __package__:
    # Where the job is done, worker.py loads this file and gives it itself.
    from callcost.worker import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

MAPS = "/proc/self/maps"
# Events after which another process may read files, which are not seen here.
LEAVING = {
    "os.system": "it starts another program",
    "os.exec": "it starts another program",
    "os.posix_spawn": "it starts another program",
    "os.spawn": "it starts another program",
    "subprocess.Popen": "it starts another program",
    "os.fork": "it forks",
    "os.forkpty": "it forks",
    "socket.connect": "it opens a connection",
}
GONE = " (deleted)"
# Folders whose files cannot come from a package.
SYSTEM_FOLDERS = ("/proc/", "/sys/", "/dev/")


class Seen:
    """What a process has opened and looked for: an audit hook and a module finder.

    `folder` is the folder of the job; its files do not belong to the contender.
    """

    def __init__(self, folder: str) -> None:
        self.hidden = (*SYSTEM_FOLDERS, f"{folder}/")
        self.opened: set[str] = set()
        self.looked_for: set[str] = set()
        self.doubts: set[str] = set()

    def audit(self, event: str, arguments: "tuple[Any, ...]") -> None:
        """Records an audit event of the interpreter."""
        if event in LEAVING:
            self.doubts.add(LEAVING[event])
        elif event == "open" and isinstance(arguments[0], (str, bytes)):
            self.opened.add(os.path.abspath(os.fsdecode(arguments[0])))

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> None:
        """Records the name of a module that is looked for; other finders search for it."""
        self.looked_for.add(name)


def files_of_modules(seen: Seen) -> "set[str]":
    """Lists the source or compiled file of every module; a module without a file is a doubt."""
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        if os.path.isfile(file):
            found.add(os.path.abspath(file))
        elif not file.startswith("<"):
            seen.doubts.add(f"its module {name} has no file of its own")
    return found


def files_in_memory(seen: Seen) -> "set[str]":
    """Lists the mapped files, which include the compiled libraries."""
    try:
        with open(MAPS, encoding="utf-8", errors="surrogateescape") as maps:
            paths = {line.rstrip("\n").split(None, 5)[5] for line in maps if "/" in line}
    except OSError:
        seen.doubts.add(f"{sys.platform} does not list the libraries of a process")
        return set()
    gone = sorted(path for path in paths if path.endswith(GONE) and "lib" in path)
    if gone:
        seen.doubts.add(f"a library that it has loaded was removed from the disk ({gone[0]})")
    return {path for path in paths if os.path.isfile(path)}


def survey(contender: "dict[str, Any]", seen: Seen) -> "dict[str, Any]":
    """Prepares and checks a contender, and lists what it used; raises ContenderError."""
    sys.meta_path.insert(0, seen)
    sys.addaudithook(seen.audit)
    namespace = worker.prepare(contender)
    worker.check(contender, namespace)
    # A copy: the next lines open files too.
    opened = {path for path in seen.opened if os.path.isfile(path) and not path.endswith(".pyc")}
    files = opened | files_of_modules(seen) | files_in_memory(seen)
    return {
        "files": sorted(path for path in files if not path.startswith(seen.hidden)),
        "looked_for": {name: is_there(name) for name in sorted(seen.looked_for)
                       if name not in sys.modules and "." not in name},
        "doubts": sorted(seen.doubts),
    }  # fmt: skip


def is_there(name: str) -> bool:
    """Tells whether a module could be imported."""
    return importlib.machinery.PathFinder.find_spec(name) is not None


def survey_and_end(contender: "dict[str, Any]", folder: str, answer_fd: int) -> "NoReturn":
    """Writes the survey to a pipe and ends this process, whatever happens."""
    try:
        if hasattr(sys, "addaudithook"):
            found = survey(contender, Seen(folder))
        else:
            found = {"doubts": ["its interpreter does not report which files it opens"]}
    except worker.ContenderError as error:
        found = {"doubts": [f"it fails: {error}"]}
    except BaseException as error:
        found = {"doubts": [f"it fails: {type(error).__name__}"]}
    try:
        with os.fdopen(answer_fd, "w", encoding="utf-8", errors="surrogateescape") as answer:
            json.dump(found, answer)
    finally:
        os._exit(0)


def in_a_fork(contender: "dict[str, Any]", folder: str) -> "dict[str, Any]":
    """Surveys a contender in its own process."""
    from_fd, to_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(from_fd)
        survey_and_end(contender, folder, to_fd)
    os.close(to_fd)
    with os.fdopen(from_fd, encoding="utf-8") as answers:
        text = answers.read()
    os.waitpid(pid, 0)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"doubts": ["its process died"]}
    return found


def main() -> None:
    """Runs the job that the command line names."""
    job, line = worker.begin_job()
    folder = os.path.dirname(job["position_file"])
    for number, contender in enumerate(job["contenders"]):
        line.begin(number, 0)
        line.answer({"event": "survey", "row": number, **in_a_fork(contender, folder)})
    line.answer({"event": "done"})
