"""All operations on arrays, by name. A new operation is a class in one of these modules, and a name in this list."""

from symdiff.ops.base import Operation
from symdiff.ops.constants import Arange, Eye, Linspace, Size
from symdiff.ops.contract import Einsum
from symdiff.ops.cumulative import CumProd, CumSum, Delay, LogCumSumExp, Recurrence, Roll
from symdiff.ops.data import Constant, ConstantIntegers
from symdiff.ops.diagonals import Diag, Diagonal, Tril, Triu
from symdiff.ops.elements import Assemble, Index
from symdiff.ops.external import Called
from symdiff.ops.indexed import (
    Entrywise,
    Gather,
    Integers,
    Positions,
    SegmentLogSumExp,
    SegmentMax,
    SegmentMin,
    SegmentSoftmax,
    SegmentSum,
    Whole,
)
from symdiff.ops.linalg import (
    Cholesky,
    Cofactors,
    Det,
    EigVals,
    EigVectors,
    Inv,
    LogDet,
    SecondCofactors,
    SignDet,
    Solve,
    SolveTriangular,
)
from symdiff.ops.loops import Loop, Part
from symdiff.ops.order import ArgMax, ArgMin, ArgSort, Reorder, SearchSorted, Sort
from symdiff.ops.reductions import AnyOf, LogSumExp, Max, Min, Others, Prod, Softmax, Sum
from symdiff.ops.roots import Root
from symdiff.ops.views import Broadcast, Expand, Permute, Reshape

OPERATIONS: dict[str, type[Operation]] = {
    operation.name: operation
    for operation in (
        *(Size, Constant, ConstantIntegers, Eye, Arange, Linspace),
        *(Sum, Max, Min, Prod, AnyOf, Others, LogSumExp, Softmax),
        *(Expand, Broadcast, Permute, Reshape),
        *(Index, Assemble),
        *(Roll, Delay, Recurrence, CumSum, CumProd, LogCumSumExp),
        *(Diagonal, Diag, Tril, Triu),
        *(Solve, SolveTriangular, Inv, Det, LogDet, SignDet, Cofactors, SecondCofactors),
        *(Cholesky, EigVals, EigVectors),
        *(Sort, Reorder, ArgMax, ArgMin, ArgSort, SearchSorted),
        *(
            Whole,
            Entrywise,
            Integers,
            Positions,
            Gather,
            SegmentSum,
            SegmentMax,
            SegmentMin,
            SegmentLogSumExp,
            SegmentSoftmax,
        ),
        *(Loop, Part, Root),
        *(Einsum, Called),
    )
}
