"""The traced path computes the same bits everywhere, and the lint notices what would not."""

import pytest

from tests.house.arithmetic import OFF_TRACE, inexact
from tests.house.sources import PACKAGES, modules, report


def test_traced_path_is_exact():
    found = []
    for path in modules("pensim"):
        if path.relative_to(PACKAGES["pensim"]).as_posix() not in OFF_TRACE:
            found += report(path, inexact(path.read_text()))
    assert found == []


def test_every_file_off_the_trace_exists():
    assert [name for name in OFF_TRACE if not (PACKAGES["pensim"] / name).exists()] == []


@pytest.mark.parametrize(
    "line",
    [
        "import math\nx = math.sin(y)",
        "import math as m\nx = m.exp(y)",
        "from math import cos",
        "from math import sqrt, log",
        "import cmath",
        "import random",
        "from random import Random",
        "import secrets",
        "import numpy.random",
        "from numpy.random import default_rng",
        "import numpy as np\nx = np.random.default_rng()",
        "import numpy as np\nx = np.exp(y)",
        "from numpy import hypot",
        "import os\nx = os.urandom(4)",
        "x = y ** 2",
        "x = 2.0 ** 3",
        "x **= 2",
        "x = pow(y, 2)",
    ],
)
def test_inexact_line_is_noticed(line):
    assert len(inexact(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "import math\nx = math.sqrt(y)",
        "from math import sqrt",
        "x = 2**32",
        "x = y * y",
        "x = pow(3, y, 7)",
        "import numpy as np\nx = np.sqrt(np.zeros(3))",
        "x = machine.power(3)",
    ],
)
def test_exact_line_passes(line):
    assert inexact(line) == []
