"""The memory of boards, on a stand-in for NVML's library that the real pynvml drives."""

from raystudy.power.nvml_memory import BoardMemory, memory_of
from tests.fakes.nvml import FakeNvml

GPU_IS_LOST = 15


def test_a_board_tells_its_memory_and_its_processes(fake_nvml: FakeNvml) -> None:
    """Bytes, and who computes there; the stand-in does not tell how much each of them has."""
    fake_nvml.fill_memory(0, 10 * 1024)
    fake_nvml.occupy(0, 4711)

    assert (
        BoardMemory(
            uuid=fake_nvml.uuid(0),
            name="FAKE H200",
            used_bytes=10 * 2**30,
            total_bytes=64 * 2**30,
            by_process_bytes={4711: 0},
        ),
    ) == memory_of(["0"])


def test_boards_are_named_as_cuda_names_them(fake_nvml: FakeNvml) -> None:
    """By index or by UUID: Ray writes either into CUDA_VISIBLE_DEVICES."""
    fake_nvml.set_up(boards=3)

    assert [fake_nvml.uuid(2), fake_nvml.uuid(1)] == [board.uuid for board in memory_of(["2", fake_nvml.uuid(1)])]


def test_a_board_that_is_lost_tells_nothing(fake_nvml: FakeNvml) -> None:
    """The others do; one that does not exist is none."""
    fake_nvml.set_up(boards=2)
    fake_nvml.fail(0, "MEM", GPU_IS_LOST)

    assert [fake_nvml.uuid(1)] == [board.uuid for board in memory_of(["0", "1", "7"])]


def test_without_nvml_nothing_is_told(fake_nvml: FakeNvml) -> None:
    """A machine without NVIDIA boards has no memory of theirs to wait for."""
    fake_nvml.fail_init(9)

    assert () == memory_of(["0"])
