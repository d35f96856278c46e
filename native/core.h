/* The C under test: what every mechanism calls, and nothing else.
 *
 * One shared library exports every function, so that every mechanism calls the same
 * symbol and runs the same machine code. Each function does as little as possible:
 * a call costs the way there and back.
 */
#ifndef CALLCOST_CORE_H
#define CALLCOST_CORE_H

#include <stdbool.h>
#include <stddef.h>

#define CALLCOST_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers. */

/* Returns the n-th Fibonacci number by plain recursion; 0 for every n <= 0. */
CALLCOST_API int fibonacci(int n);

/* Returns 3.14f: nothing goes in, one float comes out. */
CALLCOST_API float get_pi(void);

/* Returns n + 1,000,000, modulo 2^32: too large for any cache of small numbers. */
CALLCOST_API int add_million(int n);

/* Returns x / 2. */
CALLCOST_API double half_of(double x);

/* Return the sum of their arguments, modulo 2^32. */
CALLCOST_API int add_two(int a, int b);
CALLCOST_API int add_four(int a, int b, int c, int d);
CALLCOST_API int add_eight(int a, int b, int c, int d, int e, int f, int g, int h);

/* Returns whether flag is false. */
CALLCOST_API bool negate(bool flag);

/* A constant that is data: tools that only read symbol tables find it too. */
CALLCOST_API extern const int answer;

/* Text and bytes. Each function reads a single byte, so longer texts do not cost more here. */

/* Returns the first byte, 0 to 255, of a zero-terminated UTF-8 text. */
CALLCOST_API int first_byte(const char *text);

/* Returns the last of size bytes, 0 to 255, or -1 if there are none. Bytes may be zero. */
CALLCOST_API int last_byte(const unsigned char *data, size_t size);

/* Returns 16 characters of ASCII, which are never freed. */
CALLCOST_API const char *get_greeting(void);

/* Returns 16 bytes, which are never freed, and stores their number. The first is zero. */
CALLCOST_API const unsigned char *get_token(size_t *size);

/* Arrays. */

/* Returns the first plus the last of count values; 0 if there are none. It reads only these two:
 * if a call takes longer for more values, the binding has copied them. */
CALLCOST_API double sum_ends(const double *values, size_t count);

/* Stores value in each of count places. */
CALLCOST_API void fill_array(double *values, size_t count, double value);

/* Stores fibonacci(n[i]) in results[i] for each of count places. */
CALLCOST_API void fibonacci_batch(const int *n, int *results, size_t count);

/* Several results, and structs. */

/* Stores n / 10 and n % 10, both rounded as C does: towards zero. */
CALLCOST_API void split_digits(int n, int *tens, int *ones);

typedef struct {
    double x;
    double y;
} point;

/* Returns the point with x and y exchanged. */
CALLCOST_API point mirror(point original);

/* An object behind a pointer. The caller of tally_new owns it until tally_free. */

typedef struct tally tally;

/* Returns a new tally that counts on from start, or NULL if there is no memory. */
CALLCOST_API tally *tally_new(int start);

/* Adds one to the count and returns it; 0 follows 99, so the count stays small. */
CALLCOST_API int tally_increment(tally *self);

/* Frees a tally; does nothing for NULL. */
CALLCOST_API void tally_free(tally *self);

/* Returns the number of living tallies, to find leaks. */
CALLCOST_API int tallies_alive(void);

/* Callbacks, errors, and work. */

/* Returns the sum of function(context, i), modulo 2^32, for each i from 0 to count - 1. */
CALLCOST_API int sum_calls(int (*function)(void *context, int i), void *context, int count);

/* Stores n / 2 and returns 0; for an odd n it stores nothing and returns -1. */
CALLCOST_API int half_of_even(int n, int *half);

/* Returns the number after this many steps of work. Each step needs the one before. */
CALLCOST_API unsigned work(int steps);

#ifdef __cplusplus
}
#endif

#endif
