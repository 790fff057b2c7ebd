"""`python -m rem_arrow` is `rem-arrow`."""

from rem_arrow.shell.cli import main

if __name__ == "__main__":
    main()
