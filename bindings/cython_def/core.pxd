"""The C core as it is declared to Cython: after `cimport core` it is core.fibonacci and so on."""

# nogil promises that no function needs the GIL; it does not release it.
cdef extern from "core.h" nogil:
    float get_pi()
    int fibonacci(int n)
    int add_million(int n)
    double half_of(double x)
    int add_two(int a, int b)
    int add_four(int a, int b, int c, int d)
    int add_eight(int a, int b, int c, int d, int e, int f, int g, int h)
    bint negate(bint flag)
    const int answer

    int first_byte(const char *text)
    int last_byte(const unsigned char *data, size_t size)
    const char *get_greeting()
    const unsigned char *get_token(size_t *size)

    double sum_ends(const double *values, size_t count)
    void fill_array(double *values, size_t count, double value)
    void fibonacci_batch(const int *n, int *results, size_t count)

    void split_digits(int n, int *tens, int *ones)
    ctypedef struct point:
        double x
        double y
    point mirror(point original)

    ctypedef struct tally:
        pass
    tally *tally_new(int start)
    int tally_increment(tally *self)
    void tally_free(tally *self)

    int half_of_even(int n, int *half)
    unsigned work(int steps)

# Not nogil: it calls Python back. That may set an exception, which C does not report, so Cython
# has to look for one after every call.
cdef extern from "core.h":
    int sum_calls(int (*function)(void *context, int i) except? -1, void *context, int count) except *
