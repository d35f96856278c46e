//! native/core.h in Rust: its structs and functions, found in the one shared library.
//!
//! No argument can make a `safe` function misbehave. Calling any other function needs `unsafe` and
//! has to follow the rules in core.h.

use std::ffi::{c_char, c_double, c_float, c_int, c_uchar, c_uint, c_void};

use crate::Point;

/// An object behind a pointer; Rust knows nothing else about it.
#[repr(C)]
pub struct Tally {
    _opaque: [u8; 0],
}

#[link(name = "callcost_core")]
unsafe extern "C" {
    pub safe static answer: c_int;

    pub safe fn fibonacci(n: c_int) -> c_int;
    pub safe fn get_pi() -> c_float;
    pub safe fn add_million(n: c_int) -> c_int;
    pub safe fn half_of(x: c_double) -> c_double;
    pub safe fn add_two(a: c_int, b: c_int) -> c_int;
    pub safe fn add_four(a: c_int, b: c_int, c: c_int, d: c_int) -> c_int;
    pub safe fn add_eight(
        a: c_int,
        b: c_int,
        c: c_int,
        d: c_int,
        e: c_int,
        f: c_int,
        g: c_int,
        h: c_int,
    ) -> c_int;
    pub safe fn negate(flag: bool) -> bool;

    pub fn first_byte(text: *const c_char) -> c_int;
    pub fn last_byte(data: *const c_uchar, size: usize) -> c_int;
    pub safe fn get_greeting() -> *const c_char;
    pub fn get_token(size: *mut usize) -> *const c_uchar;

    pub fn sum_ends(values: *const c_double, count: usize) -> c_double;
    pub fn fill_array(values: *mut c_double, count: usize, value: c_double);
    pub fn fibonacci_batch(n: *const c_int, results: *mut c_int, count: usize);

    pub fn split_digits(n: c_int, tens: *mut c_int, ones: *mut c_int);
    pub safe fn mirror(original: Point) -> Point;

    pub safe fn tally_new(start: c_int) -> *mut Tally;
    pub fn tally_increment(tally: *mut Tally) -> c_int;
    pub fn tally_free(tally: *mut Tally);

    pub fn sum_calls(
        function: unsafe extern "C" fn(context: *mut c_void, i: c_int) -> c_int,
        context: *mut c_void,
        count: c_int,
    ) -> c_int;
    pub fn half_of_even(n: c_int, half: *mut c_int) -> c_int;
    pub safe fn work(steps: c_int) -> c_uint;
}
