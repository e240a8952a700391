"""`python -m icaccess`."""

from icaccess.cli import main

if __name__ == "__main__":
    main()
