"""Rows of sixteen numbers that stay in the processor's vector registers, for compiled functions.

Left alone, the compiler turns a product of a row with a 16 x 16 matrix into vector instructions or
not, depending on what stands around it. Here the instructions are chosen: a `VectorRow` is a vector
of LLVM, 16 numbers of float32, float64 or int32, which LLVM splits for shorter registers.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

ROW_WIDTH = 16
"""Numbers in a row."""
LEAK = 0.01
"""Slope of a LeakyReLU below zero, that of PyTorch."""


class VectorRow(types.Type):
    """Type of a row, as the compiler sees it."""

    def __init__(self, dtype: types.Type) -> None:
        self.dtype = dtype
        super().__init__(name=f"VectorRow({dtype})")


def _vector_function(signature: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a compiled function of what generates its code from `signature`, which types it.

    The code generator takes the context, the builder, the types of the arguments and their values.
    """

    def decorate(generate: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(signature)  # by which numba tells arguments apart
        def typed(_: Any, *kinds: Any) -> Any:
            def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
                return generate(context, builder, kinds, *values)

            return signature(_, *kinds), code

        typed.__name__, typed.__doc__ = generate.__name__, generate.__doc__
        return intrinsic(typed)

    return decorate


def _lane_function(instructions: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a compiled function of rows, which returns one that is like the last of them."""

    @functools.wraps(instructions)
    def typed(_: Any, *rows: Any) -> Any:
        def code(context: Any, builder: Any, _: Any, values: Any) -> Any:
            return instructions(builder, *values)

        return rows[-1](*rows), code

    return intrinsic(typed)


@register_model(VectorRow)
class _RowModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: VectorRow) -> None:
        number = dmm.lookup(fe_type.dtype).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(number, ROW_WIDTH))


def _splat(builder: Any, number: Any) -> Any:
    """Sixteen times the same number."""
    empty = ir.Constant(ir.VectorType(number.type, ROW_WIDTH), ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), ROW_WIDTH), [0] * ROW_WIDTH)
    return builder.shuffle_vector(first, empty, lanes)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """Returns x y + z, rounded once."""
    kind = "f32" if x.type.element == ir.FloatType() else "f64"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(x.type, [x.type] * 3), f"llvm.fma.v{ROW_WIDTH}{kind}"
    )
    return builder.call(function, [x, y, z])


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Where row `index` of an array begins whose rows follow each other in memory."""
    data = context.make_array(array_type)(context, builder, array).data
    offset = builder.mul(index, ir.Constant(index.type, ROW_WIDTH))
    vector = ir.VectorType(context.get_value_type(array_type.dtype), ROW_WIDTH)
    return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())


@_vector_function(lambda _, array, index: VectorRow(array.dtype)(array, types.intp))
def load(context: Any, builder: Any, kinds: Any, array: Any, index: Any) -> Any:
    """Row `index` of an array (n, 16), or of a flat one."""
    place = _address(context, builder, kinds[0], array, index)
    return builder.load(place, align=_bytes(kinds[0]))


@_vector_function(lambda _, array, index, row: types.void(array, types.intp, row))
def store(context: Any, builder: Any, kinds: Any, array: Any, index: Any, row: Any) -> Any:
    """Writes row `index` of an array (n, 16)."""
    place = _address(context, builder, kinds[0], array, index)
    builder.store(row, place, align=_bytes(kinds[0]))
    return context.get_dummy_value()


def _matrix(array_type: Any) -> types.UniTuple:
    return types.UniTuple(VectorRow(array_type.dtype), ROW_WIDTH)


@_vector_function(lambda _, array: _matrix(array)(array))
def load_matrix(context: Any, builder: Any, kinds: Any, array: Any) -> Any:
    """The rows of an array (16, 16)."""
    rows = []
    for number in range(ROW_WIDTH):
        index = ir.Constant(ir.IntType(64), number)
        place = _address(context, builder, kinds[0], array, index)
        rows.append(builder.load(place, align=_bytes(kinds[0])))
    return context.make_tuple(builder, _matrix(kinds[0]), rows)


@_vector_function(lambda _, number, like: VectorRow(like.dtype)(number, like))
def spread(context: Any, builder: Any, kinds: Any, number: Any, like: Any) -> Any:
    """A row of one and the same number, of the type of the numbers of `like`."""
    return _splat(builder, context.cast(builder, number, kinds[0], kinds[1].dtype))


@_vector_function(lambda _, array, index, matrix, bias: bias(array, types.intp, matrix, bias))
def affine(
    context: Any, builder: Any, kinds: Any, array: Any, index: Any, matrix: Any, bias: Any
) -> Any:
    """Row `index` of an array (n, 16) times a matrix + bias.

    The row comes from memory, since a processor spreads a number that it loads at no cost.
    """
    total = bias
    numbers = _numbers(context, builder, kinds[0], array, index)
    for number, row in zip(numbers, cgutils.unpack_tuple(builder, matrix), strict=True):
        total = _multiply_add(builder, _splat(builder, number), row, total)
    return total


def _numbers(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> list[Any]:
    """The numbers of a row of an array, one by one."""
    data = context.make_array(array_type)(context, builder, array).data
    first = builder.mul(index, ir.Constant(index.type, ROW_WIDTH))
    lanes = [builder.add(first, ir.Constant(first.type, lane)) for lane in range(ROW_WIDTH)]
    return [builder.load(builder.gep(data, [lane])) for lane in lanes]


@_lane_function
def multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """Returns x y + z, number by number."""
    return _multiply_add(builder, x, y, z)


@_lane_function
def leaky(builder: Any, row: Any) -> Any:
    """LeakyReLU of a row."""
    low = builder.fmul(row, ir.Constant(row.type, [LEAK] * ROW_WIDTH))
    return builder.select(builder.fcmp_ordered(">", row, low), row, low)


@_lane_function
def leaky_slope(builder: Any, row: Any) -> Any:
    """Slope of a LeakyReLU where it has, or gets, the value `row`."""
    zero, leak, one = (ir.Constant(row.type, [x] * ROW_WIDTH) for x in (0.0, LEAK, 1.0))
    return builder.select(builder.fcmp_ordered(">", row, zero), one, leak)


@_lane_function
def maximum(builder: Any, first: Any, second: Any) -> Any:
    """The larger ones of the numbers of two rows."""
    return builder.select(builder.fcmp_ordered(">", first, second), first, second)


@_lane_function
def where_larger(builder: Any, first: Any, second: Any, yes: Any, no: Any) -> Any:
    """Numbers of `yes` where `first` is larger than `second`, else those of `no`."""
    return builder.select(builder.fcmp_ordered(">", first, second), yes, no)


@_lane_function
def where_equal(builder: Any, first: Any, second: Any, yes: Any, no: Any) -> Any:
    """Numbers of `yes` where two rows of integers are equal, else those of `no`."""
    return builder.select(builder.icmp_signed("==", first, second), yes, no)


@_vector_function(lambda _, first, second: types.boolean(first, second))
def any_equal(context: Any, builder: Any, kinds: Any, first: Any, second: Any) -> Any:
    """Whether two rows of integers agree anywhere."""
    bits = builder.bitcast(builder.icmp_signed("==", first, second), ir.IntType(ROW_WIDTH))
    return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))


def _register(name: str, instruction: str) -> None:
    """Makes an operator of Python one of rows."""

    @_lane_function
    def compute(builder: Any, first: Any, second: Any) -> Any:
        return getattr(builder, instruction)(first, second)

    def operate(first: Any, second: Any) -> Any:
        return compute(first, second)

    @overload(getattr(operator, name))
    def choose(first: Any, second: Any) -> Any:
        return operate if isinstance(first, VectorRow) and isinstance(second, VectorRow) else None


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul")):
    _register(_name, _instruction)


def _bytes(array_type: Any) -> int:
    return array_type.dtype.bitwidth // 8
