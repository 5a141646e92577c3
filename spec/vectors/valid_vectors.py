# SPDX-License-Identifier: MIT
"""All the files that a reader must accept, and the parts that they name."""

import sound_generations  # noqa: F401
import sound_plain  # noqa: F401
from sound import VALID  # noqa: F401
from sound_elsewhere import PART_FILES  # noqa: F401
