//! The C core through PyO3: a function or class for each of its functions.

mod native;

use std::ffi::{CStr, c_int, c_void};
use std::ptr::NonNull;

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::{PyBufferError, PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;

/// Returns the memory of a buffer; `PyBuffer` has already checked the type of its elements.
fn contiguous<T: Element>(buffer: &PyBuffer<T>) -> PyResult<NonNull<[T]>> {
    buffer
        .as_slice_ptr()
        .ok_or_else(|| PyBufferError::new_err("the buffer is not contiguous"))
}

/// The same, if C may write into it.
fn writable<T: Element>(buffer: &PyBuffer<T>) -> PyResult<NonNull<[T]>> {
    if buffer.readonly() {
        return Err(PyBufferError::new_err("the buffer is read-only"));
    }
    contiguous(buffer)
}

/// The core's struct and the Python class in one. Frozen: reading it needs no borrow.
#[pyclass(frozen, get_all)]
#[repr(C)]
#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

#[pymethods]
impl Point {
    #[new]
    fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

/// Frozen: PyO3 would only guard the pointer against being borrowed twice, not the count behind it.
#[pyclass(frozen)]
struct Tally(NonNull<native::Tally>);

// SAFETY: a tally belongs to no thread, and only one thread at a time runs `increment`.
unsafe impl Send for Tally {}
unsafe impl Sync for Tally {}

#[pymethods]
impl Tally {
    #[new]
    fn new(start: i32) -> PyResult<Self> {
        NonNull::new(native::tally_new(start))
            .map(Self)
            .ok_or_else(|| PyMemoryError::new_err(()))
    }

    fn increment(slf: &Bound<'_, Self>) -> i32 {
        let tally = slf.get().0.as_ptr();
        // SAFETY: the tally lives as long as its owner, this object. The core counts without a
        // lock: without a GIL, the object's own protects it; with one, this compiles to nothing.
        with_critical_section(slf, || unsafe { native::tally_increment(tally) })
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        // SAFETY: nothing else has the pointer.
        unsafe { native::tally_free(self.0.as_ptr()) }
    }
}

/// What C passes on as `void *context`.
struct Callback<'a, 'py> {
    function: &'a Bound<'py, PyAny>,
    /// The first exception, which ends the calls of Python; C cannot stop its loop.
    error: Option<PyErr>,
}

unsafe extern "C" fn call_back(context: *mut c_void, i: c_int) -> c_int {
    // SAFETY: `sum_calls` below passes a Callback that nothing else uses during the call.
    let callback = unsafe { &mut *context.cast::<Callback>() };
    if callback.error.is_some() {
        return 0;
    }
    callback
        .function
        .call1((i,))
        .and_then(|result| result.extract())
        .unwrap_or_else(|error| {
            callback.error = Some(error);
            0
        })
}

/// The C core through PyO3.
#[pymodule(gil_used = false)]
mod _module {
    use super::*;

    #[pymodule_export]
    use super::{Point, Tally};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("ANSWER", native::answer)
    }

    #[pyfunction]
    fn get_pi() -> f32 {
        native::get_pi()
    }

    #[pyfunction]
    fn fibonacci(n: i32) -> i32 {
        native::fibonacci(n)
    }

    #[pyfunction]
    fn add_million(n: i32) -> i32 {
        native::add_million(n)
    }

    #[pyfunction]
    fn half_of(x: f64) -> f64 {
        native::half_of(x)
    }

    #[pyfunction]
    fn negate(flag: bool) -> bool {
        native::negate(flag)
    }

    #[pyfunction]
    fn add_two(a: i32, b: i32) -> i32 {
        native::add_two(a, b)
    }

    #[pyfunction]
    fn add_four(a: i32, b: i32, c: i32, d: i32) -> i32 {
        native::add_four(a, b, c, d)
    }

    #[pyfunction]
    #[expect(
        clippy::too_many_arguments,
        reason = "their number is what is measured"
    )]
    fn add_eight(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32) -> i32 {
        native::add_eight(a, b, c, d, e, f, g, h)
    }

    /// Unlike `&str`, `&CStr` is known to end with a zero, and refuses a text with one inside.
    #[pyfunction]
    fn first_byte(text: &CStr) -> i32 {
        // SAFETY: a zero ends the text, and the caller of this function keeps the str alive.
        unsafe { native::first_byte(text.as_ptr()) }
    }

    #[pyfunction]
    fn last_byte(data: &[u8]) -> i32 {
        // SAFETY: pointer and size come from one slice.
        unsafe { native::last_byte(data.as_ptr(), data.len()) }
    }

    #[pyfunction]
    fn get_greeting() -> &'static CStr {
        // SAFETY: the core promises a zero-terminated text that is never freed.
        unsafe { CStr::from_ptr(native::get_greeting()) }
    }

    #[pyfunction]
    fn get_token() -> &'static [u8] {
        let mut size = 0;
        // SAFETY: the core promises `size` bytes that are never freed.
        unsafe {
            let token = native::get_token(&mut size);
            std::slice::from_raw_parts(token, size)
        }
    }

    #[pyfunction]
    fn sum_ends(values: PyBuffer<f64>) -> PyResult<f64> {
        let doubles = contiguous(&values)?;
        // SAFETY: pointer and length come from one buffer, which `values` holds until the end.
        Ok(unsafe { native::sum_ends(doubles.cast().as_ptr(), doubles.len()) })
    }

    #[pyfunction]
    fn sum_ends_list(values: Vec<f64>) -> f64 {
        // SAFETY: pointer and length come from one vector.
        unsafe { native::sum_ends(values.as_ptr(), values.len()) }
    }

    #[pyfunction]
    fn fill_array(values: PyBuffer<f64>, value: f64) -> PyResult<()> {
        let doubles = writable(&values)?;
        // SAFETY: as in sum_ends, and the buffer is not read-only.
        unsafe { native::fill_array(doubles.cast().as_ptr(), doubles.len(), value) };
        Ok(())
    }

    #[pyfunction]
    fn fibonacci_batch(n: PyBuffer<i32>, results: PyBuffer<i32>) -> PyResult<()> {
        let (numbers, places) = (contiguous(&n)?, writable(&results)?);
        if places.len() < numbers.len() {
            return Err(PyValueError::new_err("results is shorter than n"));
        }
        // SAFETY: as in fill_array, and there is a place for each number.
        unsafe {
            native::fibonacci_batch(
                numbers.cast().as_ptr(),
                places.cast().as_ptr(),
                numbers.len(),
            );
        }
        Ok(())
    }

    #[pyfunction]
    fn split_digits(n: i32) -> (i32, i32) {
        let (mut tens, mut ones) = (0, 0);
        // SAFETY: both point to an int.
        unsafe { native::split_digits(n, &mut tens, &mut ones) };
        (tens, ones)
    }

    #[pyfunction]
    fn mirror(original: &Point) -> Point {
        native::mirror(*original)
    }

    #[pyfunction]
    fn sum_calls(function: &Bound<'_, PyAny>, count: i32) -> PyResult<i32> {
        let mut callback = Callback {
            function,
            error: None,
        };
        // SAFETY: the context is what call_back expects, and outlives the call.
        let sum = unsafe { native::sum_calls(call_back, (&raw mut callback).cast(), count) };
        callback.error.map_or(Ok(sum), Err)
    }

    #[pyfunction]
    fn half_of_even(n: i32) -> PyResult<i32> {
        let mut half = 0;
        // SAFETY: `half` is an int.
        match unsafe { native::half_of_even(n, &mut half) } {
            0 => Ok(half),
            _ => Err(PyValueError::new_err("n must be even")),
        }
    }

    #[pyfunction]
    fn work_held(steps: i32) -> u32 {
        native::work(steps)
    }

    #[pyfunction]
    fn work_released(py: Python<'_>, steps: i32) -> u32 {
        py.detach(|| native::work(steps))
    }
}
