"""Takes a pointer for an int, cuts it to 32 bits with that, and follows what is left of it."""

import ctypes

library = ctypes.CDLL("./libcore.so")
get_greeting = library.get_greeting  # const char *get_greeting(void)

get_greeting.restype = ctypes.c_void_p
whole = get_greeting()
get_greeting.restype = ctypes.c_int  # which it is if nothing is declared
cut = get_greeting()
print("the lower 32 bits are the same:", whole % 2**32 == cut % 2**32)
print("the address is the same:", whole == cut)
print("at the whole address:", ctypes.string_at(whole).decode(), flush=True)
print("at what is left of it:", ctypes.string_at(cut).decode())
