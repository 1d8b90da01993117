"""All operations on arrays, by name. A new operation is a class in one of these modules, and a name in this list."""

from symdiff.ops.base import Operation
from symdiff.ops.constants import Eye, Size
from symdiff.ops.contract import Einsum
from symdiff.ops.elements import Assemble, Index
from symdiff.ops.reductions import AnyOf, LogSumExp, Max, Min, Others, Prod, Softmax, Sum
from symdiff.ops.views import Broadcast, Expand, Permute, Reshape

OPERATIONS: dict[str, type[Operation]] = {
    operation.name: operation
    for operation in (
        *(Size, Eye),
        *(Sum, Max, Min, Prod, AnyOf, Others, LogSumExp, Softmax),
        *(Expand, Broadcast, Permute, Reshape),
        *(Index, Assemble),
        Einsum,
    )
}
