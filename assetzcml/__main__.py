"""`python -m assetzcml` is the command `assetzcml`."""

from assetzcml.cli import main

if __name__ == "__main__":
    main(prog_name="python -m assetzcml")
