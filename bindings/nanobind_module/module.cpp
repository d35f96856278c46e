// NB_MODULE: takes the signatures from the C++ types at compile time.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "core.h"

namespace nb = nanobind;

namespace {

// Any array or buffer of T, without a copy; a const T also accepts read-only ones.
template <typename T>
using Elements = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

double sum_array(const Elements<const double> &values)
{
    return sum_ends(values.data(), values.size());
}

double sum_vector(const std::vector<double> &values)
{
    return sum_ends(values.data(), values.size());
}

void fill(const Elements<double> &values, double value)
{
    fill_array(values.data(), values.size(), value);
}

void batch(const Elements<const int> &n, const Elements<int> &results)
{
    if (results.size() < n.size()) {
        throw nb::value_error("results is shorter than n");
    }
    fibonacci_batch(n.data(), results.data(), n.size());
}

int last_of_bytes(const nb::bytes &data)
{
    return last_byte(static_cast<const unsigned char *>(data.data()), data.size());
}

nb::bytes token()
{
    std::size_t size = 0;
    const unsigned char *data = get_token(&size);
    return nb::bytes(data, size);
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
        throw nb::value_error("n must be even");
    }
    return half;
}

// nb::class_ needs a complete type, and C only declares tally: this class owns one.
class Tally {
public:
    explicit Tally(int start) : handle(tally_new(start))
    {
        if (!handle) {
            throw std::bad_alloc();
        }
    }

    int increment() { return tally_increment(handle.get()); }

private:
    struct Free {
        void operator()(tally *self) const { tally_free(self); }
    };

    std::unique_ptr<tally, Free> handle;
};

struct Callback {
    const nb::callable &function;
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
        return nb::cast<int>(callback->function(i));
    } catch (...) {
        callback->error = std::current_exception();
        return 0;
    }
}

int sum_of_calls(const nb::callable &function, int count)
{
    Callback callback{function, nullptr};
    const int sum = sum_calls(call_back, &callback, count);
    if (callback.error) {
        std::rethrow_exception(callback.error);
    }
    return sum;
}

void define_numbers(nb::module_ &m)
{
    m.def("get_pi", &get_pi, "Return 3.14 as a C float holds it.");
    m.def("fibonacci", &fibonacci, "Return the n-th Fibonacci number.");
    m.def("fibonacci_keyword", &fibonacci, nb::arg("n"), "Return the n-th Fibonacci number.");
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

void define_text_and_arrays(nb::module_ &m)
{
    m.def("first_byte", &first_byte, "Return the first byte of the text in UTF-8; 0 for no text.");
    m.def("last_byte", &last_of_bytes, "Return the last byte, or -1 if there are none.");
    m.def("get_greeting", &get_greeting, "Return 16 characters of ASCII.");
    m.def("get_token", &token, "Return 16 bytes; the first is zero.");
    // nanobind would copy an array that does not fit, and the results would be lost in the copy.
    m.def("sum_ends", &sum_array, nb::arg().noconvert(),
          "Return the first plus the last value; 0 if there are none.");
    m.def("fill_array", &fill, nb::arg().noconvert(), nb::arg(), "Store value in each place.");
    m.def("fibonacci_batch", &batch, nb::arg().noconvert(), nb::arg().noconvert(),
          "Store fibonacci(n[i]) in results[i] for each i.");
    m.def("sum_ends_list", &sum_vector,
          "Return the first plus the last value of a list; 0 if there are none.");
}

void define_classes(nb::module_ &m)
{
    nb::class_<point>(m, "Point", "Two coordinates.")
        .def(nb::init<double, double>())
        .def_ro("x", &point::x)
        .def_ro("y", &point::y);
    m.def("mirror", &mirror, "Return the point with x and y exchanged.");
    nb::class_<Tally>(m, "Tally", "Counts up from a given number; 0 follows 99.")
        .def(nb::init<int>())
        .def("increment", &Tally::increment, nb::lock_self(),
             "Add one to the count and return it.");
}

void define_calls_and_work(nb::module_ &m)
{
    m.def("sum_calls", &sum_of_calls,
          "Return the sum of function(i) for each i from 0 to count - 1.");
    m.def("work_held", &work, "Return the number after this many steps.");
    m.def("work_released", &work, nb::call_guard<nb::gil_scoped_release>(),
          "Return the number after this many steps, with the GIL released.");
}

} // namespace

NB_MODULE(_module, m)
{
    m.doc() = "The C core through nanobind.";
    define_numbers(m);
    define_text_and_arrays(m);
    define_classes(m);
    define_calls_and_work(m);
}
