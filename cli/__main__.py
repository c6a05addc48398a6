"""`python -m cli` is `canary-audit`."""

from cli.main import main

if __name__ == "__main__":
    main(prog_name="canary-audit")
