"""``python -m wellbegun``: the command line where the script is not on the path."""

from wellbegun.cli.group import main

if __name__ == "__main__":
    main(prog_name="wellbegun")
