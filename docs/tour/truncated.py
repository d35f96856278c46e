"""Declares a pointer as an int, which cuts it to 32 bits, and follows what is left."""

import ctypes

library = ctypes.CDLL("./libcore.so")
get_greeting = library.get_greeting  # const char *get_greeting(void)

get_greeting.restype = ctypes.c_void_p
whole = get_greeting()
get_greeting.restype = ctypes.c_int  # the default
cut = get_greeting()
print("the lower 32 bits are the same:", whole % 2**32 == cut % 2**32)
print("the address is the same:", whole == cut)
print("at the whole address:", ctypes.string_at(whole).decode(), flush=True)
print("at what is left of it:", ctypes.string_at(cut).decode())
