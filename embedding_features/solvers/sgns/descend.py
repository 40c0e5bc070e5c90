"""The update of a pair's vectors, written in LLVM's vectors.

Compilers cannot prove that the rows do not overlap, and keep the sum that a vector moves by in memory. Stated
block by block it stays in a register: at 128 numbers and 6 contexts a step takes half the time.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

#: numbers of a block; those behind the last whole block are moved one by one
_LANES = 16

_I32, _I64, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()


@intrinsic  # type: ignore[untyped-decorator]
def descend(_: Any, vector: Any, contexts: Any, targets: Any, gains: Any, moves: Any) -> Any:
    """Move ``vector`` by Σ_k gains[k] · c_k, and each c_k = ``contexts[targets[k]]`` by moves[k] · vector.

    A context that stands twice in ``targets`` has moved when it is met again.

    Args:
        vector: [dim] C-contiguous float32, which overlaps no context.
        contexts: [rows, dim] C-contiguous float32.
        targets: [n] C-contiguous int64 rows. They are not checked.
        gains: [n or more] C-contiguous float32.
        moves: likewise; ``gains`` itself where all rows move.
    """
    signature = types.void(vector, contexts, targets, gains, moves)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, args, strict=True)
        ]
        dim = builder.extract_value(arrays[0].shape, 0)
        whole = builder.and_(dim, ir.Constant(_I64, -_LANES))
        for start, stop, width in ((ir.Constant(_I64, 0), whole, _LANES), (whole, dim, 1)):
            step = ir.Constant(_I64, width)
            with cgutils.for_range_slice(builder, start, stop, step, _I64) as (at, _count):
                _move_block(builder, arrays, dim, at, width)
        return context.get_dummy_value()

    return signature, codegen


def _move_block(builder: ir.IRBuilder, arrays: Any, dim: Any, at: Any, width: int) -> None:
    """Build the moves of ``width`` numbers from ``at`` on, of the vector and all contexts."""
    vector, contexts, targets, gains, moves = arrays
    kind = ir.VectorType(_FLOAT, width)
    place = builder.bitcast(builder.gep(vector.data, [at]), kind.as_pointer())
    before = builder.load(place, align=4)
    total = cgutils.alloca_once_value(builder, ir.Constant(kind, [0.0] * width))
    builder.store(ir.Constant(kind, [0.0] * width), total)
    with cgutils.for_range(builder, builder.extract_value(targets.shape, 0), intp=_I64) as loop:
        row = builder.load(builder.gep(targets.data, [loop.index]))
        gain, move = (
            _splat(builder, builder.load(builder.gep(one.data, [loop.index])), kind) for one in (gains, moves)
        )
        first = builder.add(builder.mul(row, dim), at)
        address = builder.bitcast(builder.gep(contexts.data, [first]), kind.as_pointer())
        value = builder.load(address, align=4)
        builder.store(builder.fadd(builder.load(total), builder.fmul(gain, value)), total)
        builder.store(builder.fadd(value, builder.fmul(move, before)), address, align=4)
    builder.store(builder.fadd(before, builder.load(total)), place, align=4)


def _splat(builder: ir.IRBuilder, value: Any, kind: ir.VectorType) -> Any:
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(_I32, kind.count), [0] * kind.count)
    )
