"""Dot products whose order of summation is stated, written in LLVM's vectors.

A sum of floats can be vectorized only in another order than the loop's. ``fastmath`` leaves that order to the
compiler, whose choice may differ between the code that a process compiles and runs and the code that it
leaves on disk for the next one. Here the order is part of the source, and so are the bits of every sum.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

#: partial sums, a power of two: four or two registers of float32 are no faster
LANES = 8

_I32, _I64 = ir.IntType(32), ir.IntType(64)


@intrinsic  # type: ignore[untyped-decorator]
def dot(_: Any, x: Any, y: Any) -> Any:
    """Return the dot product of ``x`` and ``y``, each product and each sum rounded to their type.

    Product i is added to partial sum i mod ``LANES``; then the upper half of the sums is added to the lower,
    until one is left. Products behind the last whole ``LANES`` are added as soon as there are no more sums
    than such products: the first four of seven to four sums, the next two to two, the last to the last.

    Args:
        x: [n] C-contiguous float32 or float64.
        y: [n] of the same type. That it is as long is not checked.
    """
    arrays = isinstance(x, types.Array) and isinstance(y, types.Array)
    if not arrays or (x.dtype, x.ndim, x.layout) != (y.dtype, 1, "C") or (y.ndim, y.layout) != (1, "C"):
        return None  # no such function, numba tells the caller
    if not isinstance(x.dtype, types.Float):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        left, right = (
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args, args, strict=True)
        )
        products = _Products(builder, left.data, right.data, context.get_abi_sizeof(left.data.type.pointee))
        return _sum(builder, products, builder.extract_value(left.shape, 0))

    return x.dtype(x, y), codegen


class _Products:
    """Adds products of neighbouring numbers of two arrays to as many sums."""

    def __init__(self, builder: ir.IRBuilder, left: Any, right: Any, align: int) -> None:
        self.builder, self.left, self.right, self.align = builder, left, right, align

    def kind(self, width: int) -> ir.VectorType:
        """Return the type of ``width`` sums."""
        return ir.VectorType(self.left.type.pointee, width)

    def added(self, sums: Any, at: Any) -> Any:
        """Return the sums, each with one of the products from ``at`` on added to it."""
        values = []
        for data in (self.left, self.right):
            address = self.builder.bitcast(self.builder.gep(data, [at]), sums.type.as_pointer())
            values.append(self.builder.load(address, align=self.align))
        return self.builder.fadd(sums, self.builder.fmul(*values))


def _sum(builder: ir.IRBuilder, products: _Products, size: Any) -> Any:
    """Build the sum of all products."""
    whole = builder.and_(size, ir.Constant(_I64, -LANES))
    sums, at, width = _sum_of_whole_lanes(builder, products, whole), whole, LANES
    while width > 1:
        width //= 2
        sums = builder.fadd(_part(builder, sums, 0, width), _part(builder, sums, width, width))
        sums, at = _add_left_over(builder, products, size, sums, at)
    return builder.extract_element(sums, ir.Constant(_I32, 0))


def _sum_of_whole_lanes(builder: ir.IRBuilder, products: _Products, whole: Any) -> Any:
    """Build the loop over the first ``whole`` products, a multiple of ``LANES``, into so many sums."""
    before, kind = builder.block, products.kind(LANES)
    head, body, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    at, sums = builder.phi(_I64), builder.phi(kind)
    at.add_incoming(ir.Constant(_I64, 0), before)
    sums.add_incoming(ir.Constant(kind, [0.0] * LANES), before)
    builder.cbranch(builder.icmp_signed("<", at, whole), body, done)
    builder.position_at_end(body)
    sums.add_incoming(products.added(sums, at), body)
    at.add_incoming(builder.add(at, ir.Constant(_I64, LANES)), body)
    builder.branch(head)
    builder.position_at_end(done)
    return sums


def _add_left_over(
    builder: ir.IRBuilder, products: _Products, size: Any, sums: Any, at: Any
) -> tuple[Any, Any]:
    """Build the addition of the next products, as many as there are sums, if so many are left over."""
    before, width = builder.block, ir.Constant(_I64, sums.type.count)
    left, after = builder.append_basic_block("left"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("!=", builder.and_(size, width), ir.Constant(_I64, 0)), left, after)
    builder.position_at_end(left)
    more, behind = products.added(sums, at), builder.add(at, width)
    builder.branch(after)
    builder.position_at_end(after)
    new_sums, new_at = builder.phi(sums.type), builder.phi(_I64)
    for phi, unchanged, changed in ((new_sums, sums, more), (new_at, at, behind)):
        phi.add_incoming(unchanged, before)
        phi.add_incoming(changed, left)
    return new_sums, new_at


def _part(builder: ir.IRBuilder, vector: Any, start: int, width: int) -> Any:
    """Build the vector of ``width`` elements of another one."""
    places = ir.Constant(ir.VectorType(_I32, width), list(range(start, start + width)))
    return builder.shuffle_vector(vector, vector, places)
