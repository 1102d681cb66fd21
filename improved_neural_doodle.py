import sys

from neural_style.cli import main

sys.argv[1:1] = ["doodle", "--variant", "improved"]
sys.exit(main())
