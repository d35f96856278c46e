/* What every rung below Python shares: the functions to call, the loop that calls them, and the
 * program around it.
 *
 * A rung is a program that calls one function in one way and times the calls itself. It prints
 * the call's result, then answers each input line `turns warm_turns stack_bytes` with a line
 * `epoch_ns empty_ns`: the time of that many turns of a hundred calls, and of as many turns of
 * the empty loop. Both are negative if the program was preempted meanwhile. It ends with its
 * input. A refusal is one sentence on standard error and exit code 2; a wrong result exits with 1.
 */
#ifndef CALLCOST_LADDER_H
#define CALLCOST_LADDER_H

#include <stddef.h>

/* X(name, type of the result, types of the parameters, arguments, what the call must return).
 * The arguments are those of the workload of this name. */
#define LADDER_FUNCTIONS(X)                                                                     \
    X(get_pi, float, (void), (), 3.14f)                                                         \
    X(fibonacci, int, (int), (0), 0)                                                            \
    X(half_of, double, (double), (3.0), 1.5)                                                    \
    X(add_two, int, (int, int), (27, 1), 28)                                                    \
    X(add_four, int, (int, int, int, int), (22, 1, 2, 3), 28)                                   \
    X(add_eight, int, (int, int, int, int, int, int, int, int), (0, 1, 2, 3, 4, 5, 6, 7), 28)

/* A signature as text: "int(int, int)". */
#define LADDER_KIND(result, parameters) #result #parameters

#define LADDER_TEN(call) call; call; call; call; call; call; call; call; call; call;

/* Ten literal calls, where Python's loops have a hundred: the processor is slow to learn where
 * each of a hundred calls through a pointer goes, and their time then varies widely from epoch to
 * epoch. The empty assembly is not an instruction: it stops the compiler from deleting an empty
 * loop. */
#define LADDER_LOOP(turns, call)                                                                \
    for (long tens = 10 * (turns); tens > 0; tens--) {                                          \
        __asm__ volatile("");                                                                   \
        LADDER_TEN(call)                                                                        \
    }

/* The two ways a rung calls a function: once, for its result; and in the loop. The rung defines
 * LADDER_CALLEE(name, result, parameters): what comes before the arguments. */
#define LADDER_DEFINE(name, result, parameters, arguments, answer)                              \
    static double call_##name(void)                                                             \
    {                                                                                           \
        return LADDER_CALLEE(name, result, parameters) arguments;                               \
    }                                                                                           \
    static void run_##name(long turns)                                                          \
    {                                                                                           \
        LADDER_LOOP(turns, LADDER_CALLEE(name, result, parameters) arguments)                   \
    }
#define LADDER_ENTRY(name, result, parameters, arguments, answer)                               \
    {#name, LADDER_KIND(result, parameters), #arguments, answer, call_##name, run_##name},
/* For rungs that only know the type of a pointer. */
#define LADDER_POINTER(pointer, result, parameters) ((result(*) parameters)(pointer))

typedef struct {
    const char *name;
    const char *kind;
    const char *arguments;
    double answer;
    double (*call)(void);
    void (*run)(long turns);
} ladder_function;

typedef struct {
    const char *name;
    const ladder_function *functions;
    size_t count;
    /* The library that has the function, and how it is found; NULL if the loader finds it. */
    const char *library;
    void (*find)(const ladder_function *function, const char *library);
} ladder_rung;

/* Found by the run path, as linked libraries are. */
#ifdef __APPLE__
#define LADDER_LIBRARY(name) "@rpath/lib" name ".dylib"
#else
#define LADDER_LIBRARY(name) "lib" name ".so"
#endif

#define LADDER_COUNT(array) (sizeof(array) / sizeof *(array))

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the whole program; `main` returns what it returns. */
int ladder_main(const ladder_rung *rung, int argc, char **argv);

/* Loads a library and returns the address of a symbol in it; refuses if either is missing. */
void *ladder_symbol(const char *library, const char *symbol);

/* Ends the program with exit code 2, and the rung's name and this sentence on standard error. */
__attribute__((noreturn, format(printf, 1, 2))) void ladder_refuse(const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
