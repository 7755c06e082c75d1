"""`python -m livefg` is the `livefg` command."""

from livefg.cli import main

if __name__ == "__main__":
    main()
