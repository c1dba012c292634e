"""What the tests of the instruments share: a stand-in for NVML's library, compiled once."""

import ctypes
import shutil
from collections.abc import Iterator

import pynvml
import pytest

from tests.fakes.nvml import FakeNvml, compile_stub


@pytest.fixture(scope="session")
def nvml_control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeNvml]:
    """Compile the stand-in, and let pynvml use it; the stand-in maps its control file once a process."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("The stand-in for NVML takes a C compiler; there is neither cc nor gcc.")
    folder = tmp_path_factory.mktemp("nvml")
    library = compile_stub(compiler, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAKE_NVML", str(folder / "control"))
        patch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(library)))
        patch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        yield FakeNvml(folder / "control")


@pytest.fixture
def fake_nvml(nvml_control: FakeNvml) -> FakeNvml:
    """One healthy board of 100 W."""
    nvml_control.set_up()
    return nvml_control
