"""Random work held against simple models, for hours: see __main__.py."""
