/* The C under test: what every mechanism calls, and nothing else.
 *
 * Every function is exported from one shared library, so that every mechanism
 * calls the same symbol and with it the same machine code.
 */
#ifndef CALLCOST_CORE_H
#define CALLCOST_CORE_H

#define CALLCOST_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the n-th Fibonacci number by plain recursion; 0 for every n <= 0. */
CALLCOST_API int fibonacci(int n);

/* Returns 3.14f: nothing goes in, one float comes out. */
CALLCOST_API float get_pi(void);

#ifdef __cplusplus
}
#endif

#endif
