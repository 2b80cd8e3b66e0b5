"""Rows of sixteen numbers that stay in the processor's vector registers, for compiled functions.

Left alone, the compiler turns a product of a row with a 16 x 16 matrix into vector instructions or
not, depending on what stands around it. Here the instructions are chosen: a `VectorRow` is a vector
of LLVM, 16 numbers of float32, float64 or int32, which LLVM splits where a processor has shorter
registers. All functions work in compiled functions only.
"""

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


def _vector_function(typed: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a compiled function of one that returns its signature and what generates its code."""
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


@_vector_function
def load(_: Any, array: Any, index: Any) -> Any:
    """Row `index` of an array (n, 16), or of a flat one."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _address(context, builder, signature.args[0], values[0], values[1])
        return builder.load(place, align=_bytes(array.dtype))

    return VectorRow(array.dtype)(array, types.intp), generate


@_vector_function
def store(_: Any, array: Any, index: Any, row: Any) -> Any:
    """Writes row `index` of an array (n, 16)."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _address(context, builder, signature.args[0], values[0], values[1])
        builder.store(values[2], place, align=_bytes(array.dtype))
        return context.get_dummy_value()

    return types.void(array, types.intp, row), generate


@_vector_function
def load_matrix(_: Any, array: Any) -> Any:
    """The rows of an array (16, 16)."""
    matrix = types.UniTuple(VectorRow(array.dtype), ROW_WIDTH)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        rows = []
        for number in range(ROW_WIDTH):
            index = ir.Constant(ir.IntType(64), number)
            place = _address(context, builder, array, values[0], index)
            rows.append(builder.load(place, align=_bytes(array.dtype)))
        return context.make_tuple(builder, matrix, rows)

    return matrix(array), generate


@_vector_function
def store_matrix(_: Any, array: Any, matrix: Any) -> Any:
    """Writes an array (16, 16)."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        for number, row in enumerate(cgutils.unpack_tuple(builder, values[1], ROW_WIDTH)):
            index = ir.Constant(ir.IntType(64), number)
            place = _address(context, builder, array, values[0], index)
            builder.store(row, place, align=_bytes(array.dtype))
        return context.get_dummy_value()

    return types.void(array, matrix), generate


@_vector_function
def spread(_: Any, number: Any, like: Any) -> Any:
    """A row of one and the same number, of the type of the numbers of `like`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        cast = context.cast(builder, values[0], number, like.dtype)
        return _splat(builder, cast)

    return VectorRow(like.dtype)(number, like), generate


@_vector_function
def affine(_: Any, array: Any, index: Any, matrix: Any, bias: Any) -> Any:
    """Row `index` of an array (n, 16) times a matrix + bias.

    The row comes from memory, since a processor spreads a number that it loads at no cost.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        numbers = _numbers(context, builder, signature, values)
        total = values[3]
        for number, row in zip(numbers, cgutils.unpack_tuple(builder, values[2]), strict=True):
            total = _multiply_add(builder, _splat(builder, number), row, total)
        return total

    return bias(array, types.intp, matrix, bias), generate


@_vector_function
def add_outer(_: Any, array: Any, index: Any, row: Any, total: Any) -> Any:
    """A matrix + the outer product of row `index` of an array (n, 16) and a row."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        numbers = _numbers(context, builder, signature, values)
        rows = [
            _multiply_add(builder, _splat(builder, number), values[2], old)
            for number, old in zip(numbers, cgutils.unpack_tuple(builder, values[3]), strict=True)
        ]
        return context.make_tuple(builder, total, rows)

    return total(array, types.intp, row, total), generate


def _numbers(context: Any, builder: Any, signature: Any, values: Any) -> list[Any]:
    """The numbers of a row of an array, one by one."""
    data = context.make_array(signature.args[0])(context, builder, values[0]).data
    first = builder.mul(values[1], ir.Constant(values[1].type, ROW_WIDTH))
    lanes = [builder.add(first, ir.Constant(first.type, lane)) for lane in range(ROW_WIDTH)]
    return [builder.load(builder.gep(data, [lane])) for lane in lanes]


@_vector_function
def multiply_add(_: Any, x: Any, y: Any, z: Any) -> Any:
    """Returns x y + z, number by number."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _multiply_add(builder, *values)

    return z(x, y, z), generate


@_vector_function
def leaky(_: Any, row: Any) -> Any:
    """LeakyReLU of a row."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        low = builder.fmul(values[0], ir.Constant(values[0].type, [LEAK] * ROW_WIDTH))
        return builder.select(builder.fcmp_ordered(">", values[0], low), values[0], low)

    return row(row), generate


@_vector_function
def leaky_slope(_: Any, row: Any) -> Any:
    """Slope of a LeakyReLU where it has, or gets, the value `row`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = values[0].type
        above = builder.fcmp_ordered(">", values[0], ir.Constant(kind, [0.0] * ROW_WIDTH))
        one, leak = ir.Constant(kind, [1.0] * ROW_WIDTH), ir.Constant(kind, [LEAK] * ROW_WIDTH)
        return builder.select(above, one, leak)

    return row(row), generate


@_vector_function
def maximum(_: Any, first: Any, second: Any) -> Any:
    """The larger ones of the numbers of two rows."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *values), *values)

    return first(first, second), generate


@_vector_function
def where_larger(_: Any, first: Any, second: Any, yes: Any, no: Any) -> Any:
    """Numbers of `yes` where `first` is larger than `second`, else those of `no`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, second, yes, no = values
        return builder.select(builder.fcmp_ordered(">", first, second), yes, no)

    return yes(first, second, yes, no), generate


@_vector_function
def where_equal(_: Any, first: Any, second: Any, yes: Any, no: Any) -> Any:
    """Numbers of `yes` where two rows of integers are equal, else those of `no`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, second, yes, no = values
        return builder.select(builder.icmp_signed("==", first, second), yes, no)

    return yes(first, second, yes, no), generate


@_vector_function
def any_equal(_: Any, first: Any, second: Any) -> Any:
    """Whether two rows of integers agree anywhere."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        equal = builder.icmp_signed("==", *values)
        bits = builder.bitcast(equal, ir.IntType(ROW_WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(ROW_WIDTH), 0))

    return types.boolean(first, second), generate


def _register(name: str, instruction: str) -> None:
    """Makes an operator of Python one of rows."""

    @_vector_function
    def compute(_: Any, first: Any, second: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return getattr(builder, instruction)(*values)

        return first(first, second), generate

    def operate(first: Any, second: Any) -> Any:
        return compute(first, second)

    @overload(getattr(operator, name))
    def choose(first: Any, second: Any) -> Any:
        return operate if isinstance(first, VectorRow) and isinstance(second, VectorRow) else None


for _name, _instruction in (("add", "fadd"), ("sub", "fsub"), ("mul", "fmul")):
    _register(_name, _instruction)


def _bytes(dtype: Any) -> int:
    return dtype.bitwidth // 8
