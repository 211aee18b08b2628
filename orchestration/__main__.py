"""`python -m orchestration`: the command `zeyou` in an environment that the project is not installed in.

Belongs here: nothing but the call. Does not belong here: commands (command_line.py).
"""

import sys

from orchestration.command_line import main

if __name__ == "__main__":
    sys.exit(main())
