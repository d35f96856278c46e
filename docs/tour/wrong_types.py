"""Declares other types than core.h, and shows what C makes of them."""

import ctypes


class Point(ctypes.Structure):
    """The struct of core.h."""

    _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))


class Pair(ctypes.Structure):
    """A struct that core.h does not have."""

    _fields_ = (("first", ctypes.c_int), ("second", ctypes.c_int))


library = ctypes.CDLL("./libcore.so")

half_of = library.half_of  # double half_of(double x)
half_of.argtypes = (ctypes.c_double,)
print("double returned, int declared:", half_of(3.0))
half_of.argtypes = (ctypes.c_double,) * 3
print("with two doubles too many:    ", half_of(3.0, 4.0, 5.0))

half_of.restype = ctypes.c_double
half_of.argtypes = (ctypes.c_int, ctypes.c_double)
print("an int in front of the double:", half_of(10, 3.0))

half_of.argtypes = (Point,)
print("a struct for the double:      ", half_of(Point(3.0, 4.0)))

add_million = library.add_million  # int add_million(int n)
add_million.argtypes = (ctypes.c_longlong,)
print("a long long for the int:      ", add_million(2**40 + 1))
add_million.argtypes = (Pair,)
print("a struct for the int:         ", add_million(Pair(1, 2)))

mirror = library.mirror  # point mirror(point original)
mirror.restype = Point
mirror.argtypes = (ctypes.c_double, ctypes.c_double)
mirrored = mirror(1.25, 2.5)
print("two doubles for the struct:   ", mirrored.x, mirrored.y)
mirror.argtypes = (ctypes.POINTER(Point),)
mirrored = mirror(Point(1.25, 2.5))
right = (mirrored.x, mirrored.y) == (2.5, 1.25)
print("a pointer to the struct:      ", "right" if right else "wrong")
