"""`python -m mien`: the command line."""

from mien.cli import script

if __name__ == "__main__":
    script()
