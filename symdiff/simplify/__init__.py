"""Make rows, each in its simplest form.

`Builder` makes the rows. The identities make rows as well, so they stand above the Builder, which gets them here.
"""

from symdiff.simplify.build import Builder
from symdiff.simplify.factors import outside
from symdiff.simplify.identities import IDENTITIES

Builder.identities = IDENTITIES
Builder.scalars_outside = outside
