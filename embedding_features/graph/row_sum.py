"""The inner loop of a sparse × dense product, written in LLVM's vectors.

Compilers leave the running sum of a row in memory, because they cannot prove that it does not overlap the
matrix they read, and give up vectorizing at some widths. Stated as one vector it stays in registers at every
width: on two cores and 1.6 million entries 8.3 ms against 9.9 at 64 columns, 3.8 against 11.6 at 32.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_I32, _I64, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def store_row_sum(  # the arguments are numba's types of those described below
    _: Any, width: Any, out: Any, at: Any, x: Any, start: Any, indices: Any, weight: Any, begin: Any, end: Any
) -> Any:
    """Store the weighted sum of rows of ``x`` in ``out``.

    ``out.flat[at:at + width] = Σ_{begin <= e < end} weight[e] · x[indices[e], start:start + width]``.

    ``width`` is a compile-time constant; ``out`` and ``x`` are C-contiguous float32, ``indices`` int32,
    ``weight`` float32, the rest int64. Nothing is checked. The sum runs in the order of the edges.
    """
    columns = width.literal_value
    signature = types.void(width, out, at, x, start, indices, weight, begin, end)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        def array(position: int) -> Any:
            return context.make_array(signature.args[position])(context, builder, args[position])

        place, first, edge_0, edge_n = (args[position] for position in (2, 4, 7, 8))
        dense = array(3)
        stride = builder.extract_value(dense.shape, 1)
        tile = builder.gep(dense.data, [first])
        vector = ir.VectorType(_FLOAT, columns)

        before = builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
        builder.branch(head)

        builder.position_at_end(head)
        edge, total = builder.phi(_I64), builder.phi(vector)
        edge.add_incoming(edge_0, before)
        total.add_incoming(ir.Constant(vector, [0.0] * columns), before)
        builder.cbranch(builder.icmp_signed("<", edge, edge_n), body, done)

        builder.position_at_end(body)
        row = builder.sext(builder.load(builder.gep(array(5).data, [edge])), _I64)
        address = builder.gep(tile, [builder.mul(row, stride)])
        values = builder.load(builder.bitcast(address, vector.as_pointer()), align=4)
        weights = _splat(builder, builder.load(builder.gep(array(6).data, [edge])), vector)
        product = builder.fmul(values, weights, flags=("contract",))
        edge.add_incoming(builder.add(edge, ir.Constant(_I64, 1)), builder.block)
        total.add_incoming(builder.fadd(total, product, flags=("contract",)), builder.block)
        builder.branch(head)

        builder.position_at_end(done)
        target = builder.bitcast(builder.gep(array(1).data, [place]), vector.as_pointer())
        builder.store(total, target, align=4)
        return context.get_dummy_value()

    return signature, codegen


def _splat(builder: ir.IRBuilder, value: Any, vector: ir.VectorType) -> Any:
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    lanes = ir.Constant(ir.VectorType(_I32, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, undefined, lanes)
