"""Dot products of byte vectors, and prefetching, written in LLVM's vectors.

A walk over a graph meets vectors all over memory, a thousand for each query. As bytes, one of 64 dimensions
is a single cache line; asked for when a list of neighbours is read, it is there when its turn comes.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

#: the width of byte vectors is a multiple of this: a cache line
LINE = 64

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_HALF = LINE // 2


def _of_half(kind: ir.Type) -> ir.VectorType:
    """Return the type of half a line's elements."""
    return ir.VectorType(kind, _HALF)


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_: Any, array: Any, at: Any) -> Any:
    """Ask for the cache line of ``array.reshape(-1)[at]``; nothing is checked, and nothing is read."""
    signature = types.void(array, at)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte = _I8.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        read, near, is_data = (ir.Constant(_I32, value) for value in (0, 3, 1))
        builder.call(ask, [builder.bitcast(builder.gep(data, [args[1]]), byte), read, near, is_data])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic  # type: ignore[untyped-decorator]
def shift(_: Any, array: Any, at: Any, count: Any) -> Any:
    """Move ``count`` elements of 4 bytes that begin at ``at`` up by one place; nothing is checked."""
    signature = types.void(array, at, count)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte = _I8.as_pointer()
        start = builder.gep(data, [args[1]])
        end = builder.gep(start, [ir.Constant(_I64, 1)])
        move = builder.module.declare_intrinsic("llvm.memmove", [byte, byte, _I64])
        size = builder.mul(args[2], ir.Constant(_I64, 4))
        no = ir.Constant(ir.IntType(1), 0)
        builder.call(move, [builder.bitcast(end, byte), builder.bitcast(start, byte), size, no])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic  # type: ignore[untyped-decorator]
def dot_bytes(_: Any, query: Any, codes: Any, row: Any) -> Any:
    """Return the int32 dot product of ``query`` and ``codes[row]``.

    ``query`` is [w] int16, ``codes`` [n, w] int8, both C-contiguous and of values in -127 … 127; w is a
    multiple of ``LINE``, ``row`` an int64. Nothing is checked.
    """
    signature = types.int32(query, codes, row)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        asked, held = (
            context.make_array(kind)(context, builder, arg)
            for kind, arg in zip(signature.args[:2], args[:2], strict=True)
        )
        width = builder.extract_value(held.shape, 1)
        start = builder.gep(held.data, [builder.mul(args[2], width)])
        before = builder.block
        body, done = (builder.append_basic_block(name) for name in ("body", "done"))
        builder.branch(body)

        builder.position_at_end(body)
        j, total = builder.phi(_I64), builder.phi(_of_half(_I32))
        j.add_incoming(ir.Constant(_I64, 0), before)
        total.add_incoming(ir.Constant(_of_half(_I32), [0] * _HALF), before)

        def products(offset: int) -> Any:
            at = builder.add(j, ir.Constant(_I64, offset))
            byte = builder.gep(start, [at])
            byte = builder.load(builder.bitcast(byte, _of_half(_I8).as_pointer()), align=1)
            word = builder.gep(asked.data, [at])
            word = builder.load(builder.bitcast(word, _of_half(_I16).as_pointer()), align=2)
            return builder.mul(builder.sext(byte, _of_half(_I16)), word)

        # Two products are at most 2 · 127², which 16 bits hold.
        pairs = builder.add(products(0), products(_HALF))
        more = builder.add(total, builder.sext(pairs, _of_half(_I32)))
        following = builder.add(j, ir.Constant(_I64, LINE))
        j.add_incoming(following, builder.block)
        total.add_incoming(more, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, width), body, done)

        builder.position_at_end(done)
        kind = ir.FunctionType(_I32, [_of_half(_I32)])
        add = builder.module.declare_intrinsic(f"llvm.vector.reduce.add.v{_HALF}i32", (), kind)
        return builder.call(add, [more])

    return signature, codegen
