"""`python -m entrypoints.onelinstor`: the same as `onelinstor`."""

import sys

from entrypoints.onelinstor.main import main

sys.exit(main())
