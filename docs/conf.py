"""The documentation site (文档网站): how Sphinx builds docs/ and the dictionary; `make docs` runs it.

Belongs here: settings of the generator. Does not belong here: pages (beside it), the dictionary (orchestration/dictionary.py).
"""

import logging

import jieba

jieba.setLogLevel(logging.WARNING)
project = "择优 Zeyou"
author = "择优"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
language = "zh_CN"  # words of the frame, and how the search splits Chinese
html_theme = "furo"
html_title = "择优"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 3
myst_url_schemes = ("http", "https", "mailto")
