import sys

from neural_style.cli import main

sys.exit(main(["inetwork", *sys.argv[1:]]))
