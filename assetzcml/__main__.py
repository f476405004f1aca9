"""`python -m assetzcml` is the command `assetzcml`."""

from assetzcml.cli.importing import make_way

if __name__ == "__main__":
    make_way()

from assetzcml.cli import main  # what it imports may have the name of a module that lies here

if __name__ == "__main__":
    main(prog_name="python -m assetzcml")
