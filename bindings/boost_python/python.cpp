// BOOST_PYTHON_MODULE: takes the signatures from the C++ types at compile time; at run time a
// registry finds the converter for each.

// Boost's headers include other Boost headers that are deprecated.
#define BOOST_ALLOW_DEPRECATED_HEADERS
#define BOOST_BIND_GLOBAL_PLACEHOLDERS
#include <boost/python.hpp>
#include <boost/python/stl_iterator.hpp>

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include "core.h"

namespace py = boost::python;

namespace {

[[noreturn]] void refuse(PyObject *exception, const char *reason)
{
    PyErr_SetString(exception, reason);
    throw py::error_already_set();
}

// Text and bytes.

// Boost.Python passes None as a null pointer to every parameter that is a pointer.
int checked_first_byte(const char *text)
{
    if (text == nullptr) {
        refuse(PyExc_TypeError, "first_byte() takes a str");
    }
    return first_byte(text);
}

// There is no converter for bytes.
int last_byte_of(const py::object &data)
{
    char *start;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(data.ptr(), &start, &size) < 0) {
        py::throw_error_already_set();
    }
    return last_byte(reinterpret_cast<const unsigned char *>(start), static_cast<size_t>(size));
}

py::object token()
{
    size_t size;
    const unsigned char *start = get_token(&size);
    // A handle throws error_already_set when given NULL.
    return py::object(py::handle<>(PyBytes_FromStringAndSize(
        reinterpret_cast<const char *>(start), static_cast<Py_ssize_t>(size))));
}

// Arrays. There is no converter for buffers either, only for numpy's arrays.

// Each C type's letter in the module struct.
template <typename T> constexpr char letter = '\0';
template <> constexpr char letter<double> = 'd';
template <> constexpr char letter<int> = 'i';

template <typename T> class buffer {
public:
    buffer(const py::object &owner, int flags)
    {
        // Without PyBUF_STRIDES, the buffer is C-contiguous.
        if (PyObject_GetBuffer(owner.ptr(), &view_, flags | PyBUF_FORMAT) < 0) {
            py::throw_error_already_set();
        }
        if (!holds_items()) {
            PyBuffer_Release(&view_);
            refuse(PyExc_TypeError, "expected a buffer of another type");
        }
    }
    ~buffer() { PyBuffer_Release(&view_); }
    buffer(const buffer &) = delete;
    buffer &operator=(const buffer &) = delete;

    T *data() const { return static_cast<T *>(view_.buf); }
    size_t size() const { return static_cast<size_t>(view_.len) / sizeof(T); }

private:
    // A NULL format means unsigned bytes. numpy and array write "d", ctypes writes "<d".
    bool holds_items() const
    {
        const char *format = view_.format != nullptr ? view_.format : "B";
        const char *native = PY_LITTLE_ENDIAN ? "@=<" : "@=>";
        if (*format != '\0' && std::strchr(native, *format) != nullptr) {
            format++;
        }
        return format[0] == letter<T> && format[1] == '\0' && view_.itemsize == sizeof(T);
    }

    Py_buffer view_;
};

double sum_of_ends(const py::object &values)
{
    buffer<double> view(values, PyBUF_CONTIG_RO);
    return sum_ends(view.data(), view.size());
}

double sum_of_list_ends(const py::list &values)
{
    std::vector<double> copy;
    copy.reserve(static_cast<size_t>(py::len(values)));
    copy.assign(py::stl_input_iterator<double>(values), py::stl_input_iterator<double>());
    return sum_ends(copy.data(), copy.size());
}

void fill(const py::object &values, double value)
{
    buffer<double> view(values, PyBUF_CONTIG);
    fill_array(view.data(), view.size(), value);
}

void batch(const py::object &n, const py::object &results)
{
    buffer<int> arguments(n, PyBUF_CONTIG_RO);
    buffer<int> places(results, PyBUF_CONTIG);
    if (places.size() < arguments.size()) {
        throw std::invalid_argument("results is shorter than n");
    }
    fibonacci_batch(arguments.data(), places.data(), arguments.size());
}

// Several results, a struct, and an object behind a pointer.

py::tuple digits(int n)
{
    int tens, ones;
    split_digits(n, &tens, &ones);
    return py::make_tuple(tens, ones);
}

// A C struct has no constructor.
point *make_point(double x, double y)
{
    return new point{x, y};
}

class tally_owner {
public:
    explicit tally_owner(int start) : handle_(tally_new(start), tally_free)
    {
        if (!handle_) {
            throw std::bad_alloc();
        }
    }
    int increment() { return tally_increment(handle_.get()); }

private:
    std::unique_ptr<tally, void (*)(tally *)> handle_;
};

// A callback, an error code, and work.

struct callback {
    PyObject *function;
    std::exception_ptr error;
};

// An exception must not pass through C: it waits until the core has returned. After the first
// one, Python is not called again.
extern "C" int call_back(void *context, int i)
{
    auto self = static_cast<callback *>(context);
    if (self->error) {
        return 0;
    }
    try {
        return py::call<int>(self->function, i);
    }
    catch (...) {
        self->error = std::current_exception();
        return 0;
    }
}

int sum_of_calls(const py::object &function, int count)
{
    callback context{function.ptr(), nullptr};
    int sum = sum_calls(call_back, &context, count);
    if (context.error) {
        std::rethrow_exception(context.error);
    }
    return sum;
}

int half_of_even_or_throw(int n)
{
    int half;
    if (half_of_even(n, &half) < 0) {
        throw std::invalid_argument("n must be even");  // a ValueError
    }
    return half;
}

class without_gil {
public:
    without_gil() : state_(PyEval_SaveThread()) {}
    ~without_gil() { PyEval_RestoreThread(state_); }
    without_gil(const without_gil &) = delete;
    without_gil &operator=(const without_gil &) = delete;

private:
    PyThreadState *state_;
};

unsigned work_without_gil(int steps)
{
    without_gil released;
    return work(steps);
}

// Returns the exception type that Boost.Python raises for an argument of the wrong type. Only
// raising it gives access to the type.
py::object refusal_of(const py::object &function, const char *argument)
{
    try {
        function(argument);
    }
    catch (const py::error_already_set &) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
        return py::object(py::handle<>(type));
    }
    throw std::logic_error("an argument of the wrong type was taken");
}

}  // namespace

BOOST_PYTHON_MODULE(_python)
{
    using py::def;

    // Docstrings show the text below and the Python signature, not the C++ one.
    py::docstring_options docstrings(true, true, false);
    py::scope module;
    module.attr("__doc__") = "The C core through Boost.Python.";
    module.attr("ANSWER") = answer;

    def("get_pi", &get_pi, "Return 3.14 as a C float holds it.");
    def("fibonacci", &fibonacci, "Return the n-th Fibonacci number.");
    def("fibonacci_keyword", &fibonacci, py::arg("n"), "Return the n-th Fibonacci number.");
    def("add_million", &add_million, "Return n + 1,000,000.");
    def("half_of", &half_of, "Return x / 2.");
    def("negate", &negate, "Return whether flag is false.");
    def("add_two", &add_two, "Return the sum.");
    def("add_four", &add_four, "Return the sum.");
    def("add_eight", &add_eight, "Return the sum.");

    def("first_byte", &checked_first_byte, "Return the first byte in UTF-8.");
    def("last_byte", &last_byte_of, "Return the last byte, or -1 if there are none.");
    def("get_greeting", &get_greeting, "Return 16 characters of ASCII.");
    def("get_token", &token, "Return 16 bytes; the first is zero.");

    def("sum_ends", &sum_of_ends, "Return the first plus the last of a buffer.");
    def("sum_ends_list", &sum_of_list_ends, "Return the first plus the last of a list.");
    def("fill_array", &fill, "Store value in each place of a buffer.");
    def("fibonacci_batch", &batch, "Store fibonacci(n[i]) in results[i] for each i.");

    def("split_digits", &digits, "Return n / 10 and n % 10, both rounded to zero.");
    py::class_<point>("Point", "Two coordinates.", py::no_init)
        .def("__init__", py::make_constructor(&make_point))
        .def_readonly("x", &point::x)
        .def_readonly("y", &point::y);
    def("mirror", &mirror, "Return the point with x and y exchanged.");
    py::class_<tally_owner, boost::noncopyable>(
        "Tally", "Counts up from a given number; 0 follows 99.", py::init<int>())
        .def("increment", &tally_owner::increment, "Add one to the count and return it.");

    def("sum_calls", &sum_of_calls,
        "Return the sum of function(i) for each i from 0 to count - 1.");
    def("half_of_even", &half_of_even_or_throw, "Return n / 2; raise ValueError for an odd n.");
    def("work_held", &work, "Return the number after this many steps.");
    def("work_released", &work_without_gil,
        "Return the number after this many steps, with the GIL released.");

    module.attr("ArgumentError") = refusal_of(module.attr("fibonacci"), "0");
}
