import sys

from neural_style.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["mask_transfer"]
    sys.exit(main())
