"""Files that are whole or not there, and what is in them as a hash (存储): the one place for both.

Belongs here: replacing a file, a folder or a link in one step, keeping a file by its inode, content hashes, the same bytes
for the same content. Does not belong here: what is written, where it lies.
"""

from storage.whole import (
    content_hash,
    link_or_copy,
    pin_zip,
    replace_folder,
    swap_link,
    write_json,
    write_parquet,
    write_text,
    write_whole,
)

__all__ = [
    "content_hash",
    "link_or_copy",
    "pin_zip",
    "replace_folder",
    "swap_link",
    "write_json",
    "write_parquet",
    "write_text",
    "write_whole",
]
