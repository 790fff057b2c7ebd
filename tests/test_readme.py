"""What the README shows is what happens."""

from tests import readme


def test_the_tour_prints_what_the_readme_says():
    """Each block of the tour prints the text below it."""
    for (code, expected), printed in zip(readme.tour(), readme.run_tour(), strict=True):
        assert printed == expected, code


def test_the_table_of_functions_is_the_catalog():
    """The README lists the functions of the catalog; `python -m tests.readme` writes the table."""
    assert readme.function_table() in readme.README.read_text(encoding="utf-8")


def test_the_table_of_index_functions_is_the_registry():
    """The README lists the functions that an index answers."""
    assert readme.index_table() in readme.README.read_text(encoding="utf-8")
