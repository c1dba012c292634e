"""What the docstrings of the running Python are about: the area of the library that each one's module belongs to.

standard library ──ast──▶ docstrings ──AREAS, by module──▶ text and area ──split by module──▶ training side, held out

`stdlib-areas` asks for the area of a docstring. `stdlib-areas-text`, the corpus of this file, is the mere text of its
training side: a model that was pretrained on it has seen no held-out example.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from raystudy.study import Recipe
from raystudy.training.corpora import stdlib
from raystudy.training.corpora.source import Source
from raystudy.training.corpora.split import divided

AREAS: Mapping[str, str] = {
    "network": "asynchat asyncore cgi cgitb email ftplib http imaplib ipaddress mailbox mailcap mimetypes netrc "
    "nntplib nturl2path poplib smtpd smtplib socket socketserver ssl telnetlib urllib webbrowser wsgiref xmlrpc",
    "gui": "curses idlelib tkinter turtle turtledemo",
    "testing": "bdb cProfile doctest pdb profile pstats timeit trace traceback tracemalloc unittest warnings",
    "concurrency": "_threading_local asyncio concurrent contextvars multiprocessing queue sched selectors signal "
    "subprocess threading",
    "data": "_collections_abc _markupbase _pydatetime _pydecimal _strptime base64 bisect calendar collections "
    "configparser copy copyreg csv dataclasses datetime dbm decimal difflib enum fractions graphlib hashlib heapq hmac "
    "html json numbers pickle pickletools plistlib pprint random re reprlib secrets shelve sqlite3 statistics string "
    "struct textwrap tomllib types uuid weakref xml zoneinfo",
    "files": "_compression _pyio aifc bz2 chunk filecmp fileinput fnmatch genericpath glob gzip imghdr io linecache "
    "lzma ntpath os pathlib posixpath shutil sndhdr stat sunau tarfile tempfile wave zipfile",
    "packaging": "_aix_support _osx_support _sitebuiltins compileall distutils imp importlib modulefinder pkgutil "
    "platform py_compile runpy site sysconfig venv zipapp zipimport",
}
"""The areas, and the top-level modules and packages of each; other modules belong to none of them."""
EDITION = 1
"""Counts the changes of AREAS: another edition is another corpus."""

LEFT_OUT = stdlib.LEFT_OUT - {"idlelib", "turtledemo"} | {"idle_test"}
"""Without the editor and the turtle's demonstrations, `gui` would be hardly more than one file, tkinter's."""
_AREA_OF = {module: area for area, modules in AREAS.items() for module in modules.split()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Docstring:
    """A docstring, its area, and the file that it is from, as `json/decoder.py`."""

    text: str
    area: str
    file: str


def docstrings(folder: Path) -> Iterator[Docstring]:
    """Yield the docstrings of all modules that have an area, empty ones dropped; raises CorpusError without sources."""
    for file in stdlib.sources(folder, left_out=LEFT_OUT):
        within = file.relative_to(folder)
        area = _AREA_OF.get(within.parts[0].removesuffix(".py"))
        if area is not None:
            texts = (text.strip() for text in stdlib.docstrings_of(file))
            yield from (Docstring(text=text, area=area, file=within.as_posix()) for text in texts if text)


def training_texts(found: Iterable[Docstring], *, heldout_fraction: float) -> list[str]:
    """Return the texts of the training side of `stdlib-areas`; each file lies on one side."""
    sides = divided(found, heldout_fraction=heldout_fraction, text=lambda one: one.text, group=lambda one: one.file)
    return [one.text for one in sides.train]


def documents(recipe: Recipe, *, allow_hub: bool) -> Iterator[str]:  # noqa: ARG001 - there is but one, and it is here
    """Yield the texts that `stdlib-areas` trains on with this heldout_fraction."""
    yield from training_texts(docstrings(stdlib.library()), heldout_fraction=recipe.heldout_fraction)


def identity(recipe: Recipe) -> Mapping[str, object]:
    """Name the Python whose documentation it is, and the edition of the areas."""
    return {**stdlib.identity(recipe), "edition": EDITION}


SOURCE = Source(documents=documents, identity=identity)
