#include "core.h"

#include <stdlib.h>

int fibonacci(int n)
{
    if (n <= 0) {
        return 0;
    }
    if (n == 1) {
        return 1;
    }
    return fibonacci(n - 1) + fibonacci(n - 2);
}

float get_pi(void)
{
    return 3.14f;
}

/* Sums use unsigned numbers: an overflow of signed ones is undefined in C. */

int add_million(int n)
{
    return (int)((unsigned)n + 1000000u);
}

double half_of(double x)
{
    return x / 2;
}

int add_two(int a, int b)
{
    return (int)((unsigned)a + (unsigned)b);
}

int add_four(int a, int b, int c, int d)
{
    return (int)((unsigned)a + (unsigned)b + (unsigned)c + (unsigned)d);
}

int add_eight(int a, int b, int c, int d, int e, int f, int g, int h)
{
    return (int)((unsigned)a + (unsigned)b + (unsigned)c + (unsigned)d + (unsigned)e + (unsigned)f +
                 (unsigned)g + (unsigned)h);
}

bool negate(bool flag)
{
    return !flag;
}

const int answer = 42;

int first_byte(const char *text)
{
    return (unsigned char)text[0];
}

int last_byte(const unsigned char *data, size_t size)
{
    return size == 0 ? -1 : data[size - 1];
}

const char *get_greeting(void)
{
    return "Greetings from C";
}

const unsigned char *get_token(size_t *size)
{
    static const unsigned char token[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    *size = sizeof token;
    return token;
}

double sum_ends(const double *values, size_t count)
{
    return count == 0 ? 0 : values[0] + values[count - 1];
}

void fill_array(double *values, size_t count, double value)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = value;
    }
}

void fibonacci_batch(const int *n, int *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        results[i] = fibonacci(n[i]);
    }
}

void split_digits(int n, int *tens, int *ones)
{
    *tens = n / 10;
    *ones = n % 10;
}

point mirror(point original)
{
    point mirrored = {original.y, original.x};
    return mirrored;
}

struct tally {
    int count;
};

/* Callers without the GIL may make tallies at the same time. */
static _Atomic int alive;

tally *tally_new(int start)
{
    tally *self = malloc(sizeof *self);
    if (self != NULL) {
        self->count = start;
        alive++;
    }
    return self;
}

int tally_increment(tally *self)
{
    self->count = self->count >= 99 ? 0 : self->count + 1;
    return self->count;
}

void tally_free(tally *self)
{
    if (self != NULL) {
        alive--;
        free(self);
    }
}

int tallies_alive(void)
{
    return alive;
}

int sum_calls(int (*function)(void *context, int i), void *context, int count)
{
    unsigned sum = 0;
    for (int i = 0; i < count; i++) {
        sum += (unsigned)function(context, i);
    }
    return (int)sum;
}

int half_of_even(int n, int *half)
{
    if (n % 2 != 0) {
        return -1;
    }
    *half = n / 2;
    return 0;
}

unsigned work(int steps)
{
    unsigned number = 1;
    for (int i = 0; i < steps; i++) {
        /* The generator of Numerical Recipes: no multiplication can start early. */
        number = number * 1664525u + 1013904223u;
    }
    return number;
}
