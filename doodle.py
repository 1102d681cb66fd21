import sys

from neural_style.cli import main

sys.argv[1:1] = ["doodle"]
sys.exit(main())
