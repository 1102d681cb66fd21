import sys

from neural_style.cli import main

sys.exit(main(["color_transfer", *sys.argv[1:]]))
