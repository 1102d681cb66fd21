import sys

from neural_style.cli import main

sys.argv[1:1] = ["color_transfer"]
sys.exit(main())
