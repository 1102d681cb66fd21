import sys

from neural_style.cli import main

sys.exit(main(["doodle", "--variant", "improved", *sys.argv[1:]]))
