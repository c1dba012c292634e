"""What is read of an archive to answer a question."""

import pyarrow.parquet as pq

from raystudy.dashboard.answer import rows
from raystudy.record.archive import Archive


def spoil(archive: Archive, column: str) -> None:
    """Overwrite a column in the file of each trial, so that whoever reads it cannot go on."""
    for file in archive.trial_files().values():
        group, content = pq.read_metadata(file).row_group(0), bytearray(file.read_bytes())
        for chunk in (group.column(place) for place in range(group.num_columns)):
            if chunk.path_in_schema.split(".")[0] == column:
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
        file.write_bytes(content)


def test_readings_that_are_not_asked_for_are_not_read(archive: Archive) -> None:
    """They are most of the bytes: neither CSV nor SQL about other columns waits for them, nor holds them."""
    spoil(archive, "traces")
    sql = rows(archive, sql="select energy_j from trials", intervals=False, nested=True)
    flat = rows(archive, sql=None, intervals=False, nested=False)

    assert 3 == sql.height == flat.height == flat["traces"].null_count()
