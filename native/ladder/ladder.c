/* The program around a rung: its arguments, the check, the clock, and the answers. */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "ladder.h"

#include <alloca.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { WRONG_RESULT = 1, REFUSED = 2, MOST_STACK_BYTES = 1 << 16 };

/* macOS only counts for the whole process, which has one thread. */
#ifndef RUSAGE_THREAD
#define RUSAGE_THREAD RUSAGE_SELF
#endif

static const char *program;

void ladder_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(REFUSED);
}

void *ladder_symbol(const char *library, const char *symbol)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        ladder_refuse("the library cannot be loaded: %s", dlerror());
    }
    void *address = dlsym(handle, symbol);
    if (address == NULL) {
        ladder_refuse("%s is not to be had: %s", symbol, dlerror());
    }
    return address;
}

static long long now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long preemptions(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

static void run_empty(long turns)
{
    LADDER_LOOP(turns, (void)0)
}

static long long time_ns(void (*run)(long turns), long turns)
{
    long long start_ns = now_ns();
    run(turns);
    return now_ns() - start_ns;
}

/* Draws a new stack position for each epoch, as for the calls from Python. */
__attribute__((noinline)) static void answer(const ladder_function *function, long turns,
                                             long warm_turns, size_t stack_bytes)
{
    volatile char *room = alloca(stack_bytes + 1);
    room[0] = 0;
    run_empty(warm_turns);
    function->run(warm_turns);
    long before = preemptions();
    long long epoch_ns = time_ns(function->run, turns);
    long long empty_ns = time_ns(run_empty, turns);
    int sign = preemptions() == before ? 1 : -1;
    printf("%lld %lld %.17g\n", sign * epoch_ns, sign * empty_ns, function->call());
    fflush(stdout);
}

static void answer_all(const ladder_function *function)
{
    char line[100];
    while (fgets(line, sizeof line, stdin) != NULL) {
        long turns, warm_turns;
        size_t stack_bytes;
        char end;
        int read = sscanf(line, "%ld %ld %zu%c", &turns, &warm_turns, &stack_bytes, &end);
        if (read != 4 || end != '\n' || turns < 1 || warm_turns < 0 ||
            stack_bytes > MOST_STACK_BYTES) {
            line[strcspn(line, "\n")] = '\0';
            ladder_refuse("it reads lines of turns, warm_turns and stack_bytes, not '%s'", line);
        }
        answer(function, turns, warm_turns, stack_bytes);
    }
}

static const ladder_function *find(const ladder_rung *rung, const char *name)
{
    for (size_t i = 0; i < rung->count; i++) {
        if (strcmp(rung->functions[i].name, name) == 0) {
            return &rung->functions[i];
        }
    }
    ladder_refuse("it knows no function %s", name);
}

int ladder_main(const ladder_rung *rung, int argc, char **argv)
{
    program = rung->name;
    if (argc != 2 && !(argc == 3 && rung->find != NULL)) {
        ladder_refuse("usage: %s FUNCTION%s", program, rung->find == NULL ? "" : " [LIBRARY]");
    }
    const ladder_function *function = find(rung, argv[1]);
    if (rung->find != NULL) {
        rung->find(function, argc == 3 ? argv[2] : rung->library);
    }
    double result = function->call();
    if (result != function->answer) {
        fprintf(stderr, "%s: %s%s returned %.17g, expected %.17g\n", program, function->name,
                function->arguments, result, function->answer);
        return WRONG_RESULT;
    }
    printf("%.17g\n", result);
    fflush(stdout);
    answer_all(function);
    return 0;
}
