"""`python -m rem_arrow` is `rem-arrow`."""

from rem_arrow.cli import main

if __name__ == "__main__":
    main()
