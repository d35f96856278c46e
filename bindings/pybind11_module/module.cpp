// PYBIND11_MODULE: takes the signatures from the C++ types at compile time.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core.h"

namespace py = pybind11;

namespace {

// Reads any buffer of T in place; refuses other elements and gaps between them.
template <typename T>
py::buffer_info elements(const py::buffer &buffer, bool writable = false)
{
    py::buffer_info info = buffer.request(writable);
    if (!info.item_type_is_equivalent_to<T>()) {
        throw py::type_error("expected elements of format '" +
                             py::format_descriptor<T>::format() + "'");
    }
    if (info.ndim != 1 || info.strides[0] != info.itemsize) {
        throw py::value_error("expected one dimension without gaps");
    }
    return info;
}

template <typename T>
T *begin(const py::buffer_info &info)
{
    return static_cast<T *>(info.ptr);
}

std::size_t size(const py::buffer_info &info)
{
    return static_cast<std::size_t>(info.size);
}

double sum_buffer(const py::buffer &values)
{
    const py::buffer_info info = elements<double>(values);
    return sum_ends(begin<double>(info), size(info));
}

double sum_vector(const std::vector<double> &values)
{
    return sum_ends(values.data(), values.size());
}

void fill_buffer(const py::buffer &values, double value)
{
    const py::buffer_info info = elements<double>(values, true);
    fill_array(begin<double>(info), size(info), value);
}

void batch_buffers(const py::buffer &n, const py::buffer &results)
{
    const py::buffer_info from = elements<int>(n);
    const py::buffer_info to = elements<int>(results, true);
    if (to.size < from.size) {
        throw py::value_error("results is shorter than n");
    }
    fibonacci_batch(begin<int>(from), begin<int>(to), size(from));
}

int last_of_bytes(const py::bytes &data)
{
    const auto view = static_cast<std::string_view>(data);
    return last_byte(reinterpret_cast<const unsigned char *>(view.data()), view.size());
}

py::bytes token()
{
    std::size_t size = 0;
    const unsigned char *data = get_token(&size);
    return {reinterpret_cast<const char *>(data), size};
}

std::pair<int, int> digits(int n)
{
    int tens = 0;
    int ones = 0;
    split_digits(n, &tens, &ones);
    return {tens, ones};
}

int half_or_error(int n)
{
    int half = 0;
    if (half_of_even(n, &half) != 0) {
        throw py::value_error("n must be even");
    }
    return half;
}

// py::class_ needs a complete type, and C only declares tally: this class owns one.
class Tally {
public:
    explicit Tally(int start) : handle(tally_new(start))
    {
        if (!handle) {
            throw std::bad_alloc();
        }
    }

    int increment()
    {
        // The core counts without a lock; if there is a GIL, it is the lock.
#ifdef Py_GIL_DISABLED
        const std::lock_guard<std::mutex> locked(mutex);
#endif
        return tally_increment(handle.get());
    }

private:
#ifdef Py_GIL_DISABLED
    std::mutex mutex;
#endif

    struct Free {
        void operator()(tally *self) const { tally_free(self); }
    };

    std::unique_ptr<tally, Free> handle;
};

struct Callback {
    const py::function &function;
    std::exception_ptr error;
};

// C calls this. Exceptions must not pass through C's frames; after the first, Python is not called.
int call_back(void *context, int i)
{
    auto *callback = static_cast<Callback *>(context);
    if (callback->error) {
        return 0;
    }
    try {
        return callback->function(i).cast<int>();
    } catch (...) {
        callback->error = std::current_exception();
        return 0;
    }
}

int sum_of_calls(const py::function &function, int count)
{
    Callback callback{function, nullptr};
    const int sum = sum_calls(call_back, &callback, count);
    if (callback.error) {
        std::rethrow_exception(callback.error);
    }
    return sum;
}

void define_numbers(py::module_ &m)
{
    m.def("get_pi", &get_pi, "Return 3.14 as a C float holds it.");
    m.def("fibonacci", &fibonacci, "Return the n-th Fibonacci number.");
    m.def("fibonacci_keyword", &fibonacci, py::arg("n"), "Return the n-th Fibonacci number.");
    m.def("add_million", &add_million, "Return n + 1,000,000.");
    m.def("half_of", &half_of, "Return x / 2.");
    m.def("negate", &negate, "Return whether flag is false.");
    m.def("add_two", &add_two, "Return the sum.");
    m.def("add_four", &add_four, "Return the sum.");
    m.def("add_eight", &add_eight, "Return the sum.");
    m.def("split_digits", &digits, "Return n / 10 and n % 10.");
    m.def("half_of_even", &half_or_error, "Return n / 2; raise ValueError for an odd n.");
    m.attr("ANSWER") = answer;
}

void define_text_and_arrays(py::module_ &m)
{
    // For a const char *, pybind11 turns None into NULL, which C would read from.
    m.def("first_byte", &first_byte, py::arg().none(false),
          "Return the first byte of the text in UTF-8; 0 for no text.");
    m.def("last_byte", &last_of_bytes, "Return the last byte, or -1 if there are none.");
    m.def("get_greeting", &get_greeting, "Return 16 characters of ASCII.");
    m.def("get_token", &token, "Return 16 bytes; the first is zero.");
    m.def("sum_ends", &sum_buffer, "Return the first plus the last value; 0 if there are none.");
    m.def("sum_ends_list", &sum_vector,
          "Return the first plus the last value of a list; 0 if there are none.");
    m.def("fill_array", &fill_buffer, "Store value in each place.");
    m.def("fibonacci_batch", &batch_buffers, "Store fibonacci(n[i]) in results[i] for each i.");
}

void define_classes(py::module_ &m)
{
    py::class_<point>(m, "Point", "Two coordinates.")
        .def(py::init<double, double>())
        .def_readonly("x", &point::x)
        .def_readonly("y", &point::y);
    m.def("mirror", &mirror, "Return the point with x and y exchanged.");
    py::class_<Tally>(m, "Tally", "Counts up from a given number; 0 follows 99.")
        .def(py::init<int>())
        .def("increment", &Tally::increment, "Add one to the count and return it.");
}

void define_calls_and_work(py::module_ &m)
{
    m.def("sum_calls", &sum_of_calls,
          "Return the sum of function(i) for each i from 0 to count - 1.");
    m.def("work_held", &work, "Return the number after this many steps.");
    m.def("work_released", &work, py::call_guard<py::gil_scoped_release>(),
          "Return the number after this many steps, with the GIL released.");
}

} // namespace

// pybind11 can declare this from 3.0 on; interpreters share no state of this module.
#if PYBIND11_VERSION_HEX >= 0x03000000
PYBIND11_MODULE(_module, m, py::mod_gil_not_used(),
                py::multiple_interpreters::per_interpreter_gil())
#else
PYBIND11_MODULE(_module, m, py::mod_gil_not_used())
#endif
{
    m.doc() = "The C core through pybind11.";
    define_numbers(m);
    define_text_and_arrays(m);
    define_classes(m);
    define_calls_and_work(m);
}
