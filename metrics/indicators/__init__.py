"""The indicators, a file per dimension. Importing this package declares all of them, and the
outcomes and measures of evidence beside them.
"""

from importlib import import_module
from pkgutil import iter_modules

from metrics.declaration import CATALOGUE, EVIDENCE, OUTCOMES, Indicator, declarations
from model.stages import DIMENSIONS

for _module in sorted(found.name for found in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")

for _beside in ("metrics.outcomes", "metrics.evidence"):
    import_module(_beside)

_in_order = sorted(CATALOGUE.items(), key=lambda item: DIMENSIONS.index(item[1].dimension))
CATALOGUE.clear()
CATALOGUE.update(_in_order)

__all__ = ["CATALOGUE", "EVIDENCE", "OUTCOMES", "Indicator", "declarations"]
