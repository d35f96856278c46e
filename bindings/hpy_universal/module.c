/* The core through HPy: objects are handles, and every function gets a context. Both ABIs compile
 * this source; HPy's macros decide what a call of its API becomes. */
#include "module.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* Numbers. An int has 32 bits wherever HPy runs, and HPy refuses numbers that do not fit. */

HPyDef_METH(get_pi_def, "get_pi", HPyFunc_NOARGS)
static HPy get_pi_def_impl(HPyContext *ctx, HPy self UNUSED)
{
    return HPyFloat_FromDouble(ctx, get_pi());
}

HPyDef_METH(fibonacci_def, "fibonacci", HPyFunc_O)
static HPy fibonacci_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int n = HPyLong_AsInt32_t(ctx, argument);
    if (n == -1 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    return HPyLong_FromInt32_t(ctx, fibonacci(n));
}

HPyDef_METH(fibonacci_keyword_def, "fibonacci_keyword", HPyFunc_KEYWORDS)
static HPy fibonacci_keyword_def_impl(HPyContext *ctx, HPy self UNUSED, const HPy *args,
                                      size_t nargs, HPy kwnames)
{
    static const char *names[] = {"n", NULL};
    int n;
    if (!HPyArg_ParseKeywords(ctx, NULL, args, nargs, kwnames, "i:fibonacci_keyword", names, &n)) {
        return HPy_NULL;
    }
    return HPyLong_FromInt32_t(ctx, fibonacci(n));
}

HPyDef_METH(add_million_def, "add_million", HPyFunc_O)
static HPy add_million_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int n = HPyLong_AsInt32_t(ctx, argument);
    if (n == -1 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    return HPyLong_FromInt32_t(ctx, add_million(n));
}

HPyDef_METH(half_of_def, "half_of", HPyFunc_O)
static HPy half_of_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    double x = HPyFloat_AsDouble(ctx, argument);
    if (x == -1.0 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    return HPyFloat_FromDouble(ctx, half_of(x));
}

HPyDef_METH(negate_def, "negate", HPyFunc_O)
static HPy negate_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int flag = HPy_IsTrue(ctx, argument);
    if (flag == -1) {
        return HPy_NULL;
    }
    return HPyBool_FromBool(ctx, negate(flag));
}

HPyDef_METH(add_two_def, "add_two", HPyFunc_VARARGS)
static HPy add_two_def_impl(HPyContext *ctx, HPy self UNUSED, const HPy *args, size_t nargs)
{
    int a, b;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "ii:add_two", &a, &b)) {
        return HPy_NULL;
    }
    return HPyLong_FromInt32_t(ctx, add_two(a, b));
}

HPyDef_METH(add_four_def, "add_four", HPyFunc_VARARGS)
static HPy add_four_def_impl(HPyContext *ctx, HPy self UNUSED, const HPy *args, size_t nargs)
{
    int a, b, c, d;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "iiii:add_four", &a, &b, &c, &d)) {
        return HPy_NULL;
    }
    return HPyLong_FromInt32_t(ctx, add_four(a, b, c, d));
}

HPyDef_METH(add_eight_def, "add_eight", HPyFunc_VARARGS)
static HPy add_eight_def_impl(HPyContext *ctx, HPy self UNUSED, const HPy *args, size_t nargs)
{
    int a, b, c, d, e, f, g, h;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "iiiiiiii:add_eight", &a, &b, &c, &d, &e, &f, &g,
                      &h)) {
        return HPy_NULL;
    }
    return HPyLong_FromInt32_t(ctx, add_eight(a, b, c, d, e, f, g, h));
}

/* Text and bytes. */

HPyDef_METH(first_byte_def, "first_byte", HPyFunc_O)
static HPy first_byte_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    HPy_ssize_t size;
    const char *text = HPyUnicode_AsUTF8AndSize(ctx, argument, &size);
    if (text == NULL) {
        return HPy_NULL;
    }
    if (strlen(text) != (size_t)size) {
        return HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null character");
    }
    return HPyLong_FromInt32_t(ctx, first_byte(text));
}

HPyDef_METH(last_byte_def, "last_byte", HPyFunc_O)
static HPy last_byte_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    const char *data = HPyBytes_AsString(ctx, argument);
    if (data == NULL) {
        return HPy_NULL;
    }
    size_t size = HPyBytes_GET_SIZE(ctx, argument);
    return HPyLong_FromInt32_t(ctx, last_byte((const unsigned char *)data, size));
}

HPyDef_METH(get_greeting_def, "get_greeting", HPyFunc_NOARGS)
static HPy get_greeting_def_impl(HPyContext *ctx, HPy self UNUSED)
{
    return HPyUnicode_FromString(ctx, get_greeting());
}

HPyDef_METH(get_token_def, "get_token", HPyFunc_NOARGS)
static HPy get_token_def_impl(HPyContext *ctx, HPy self UNUSED)
{
    size_t size;
    const unsigned char *token = get_token(&size);
    return HPyBytes_FromStringAndSize(ctx, (const char *)token, (HPy_ssize_t)size);
}

/* Arrays: only a list, since HPy cannot ask an object for its buffer. */

static bool copy_doubles(HPyContext *ctx, HPy list, double *values, HPy_ssize_t count)
{
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy item = HPy_GetItem_i(ctx, list, i);
        if (HPy_IsNull(item)) {
            return false;
        }
        values[i] = HPyFloat_AsDouble(ctx, item);
        HPy_Close(ctx, item);
        if (values[i] == -1.0 && HPyErr_Occurred(ctx)) {
            return false;
        }
    }
    return true;
}

HPyDef_METH(sum_ends_list_def, "sum_ends_list", HPyFunc_O)
static HPy sum_ends_list_def_impl(HPyContext *ctx, HPy self UNUSED, HPy list)
{
    if (!HPyList_Check(ctx, list)) {
        return HPyErr_SetString(ctx, ctx->h_TypeError, "a list is required");
    }
    HPy_ssize_t count = HPy_Length(ctx, list);
    if (count == -1) {
        return HPy_NULL;
    }
    double *values = malloc(count * sizeof *values);
    if (values == NULL && count > 0) {
        return HPyErr_NoMemory(ctx);
    }
    HPy result = HPy_NULL;
    if (copy_doubles(ctx, list, values, count)) {
        result = HPyFloat_FromDouble(ctx, sum_ends(values, count));
    }
    free(values);
    return result;
}

/* Several results; structs are in types.c. */

HPyDef_METH(split_digits_def, "split_digits", HPyFunc_O)
static HPy split_digits_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int n = HPyLong_AsInt32_t(ctx, argument);
    if (n == -1 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    int tens, ones;
    split_digits(n, &tens, &ones);
    return HPy_BuildValue(ctx, "(ii)", tens, ones);
}

/* Callbacks, errors, and work. */

typedef struct {
    HPyContext *ctx; /* valid during the call that got it */
    HPy function;
    bool failed;
} callback;

/* C cannot be told to stop, so after the first exception this does not call Python again. */
static int call_back(void *context, int i)
{
    callback *self = context;
    HPyContext *ctx = self->ctx;
    if (self->failed) {
        return 0;
    }
    int value = -1;
    HPy argument = HPyLong_FromInt32_t(ctx, i);
    if (!HPy_IsNull(argument)) {
        HPy result = HPy_Call(ctx, self->function, &argument, 1, HPy_NULL);
        HPy_Close(ctx, argument);
        if (!HPy_IsNull(result)) {
            value = HPyLong_AsInt32_t(ctx, result);
            HPy_Close(ctx, result);
        }
    }
    self->failed = value == -1 && HPyErr_Occurred(ctx);
    return value;
}

HPyDef_METH(sum_calls_def, "sum_calls", HPyFunc_VARARGS)
static HPy sum_calls_def_impl(HPyContext *ctx, HPy self UNUSED, const HPy *args, size_t nargs)
{
    callback context = {.ctx = ctx};
    int count;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "Oi:sum_calls", &context.function, &count)) {
        return HPy_NULL;
    }
    int sum = sum_calls(call_back, &context, count);
    return context.failed ? HPy_NULL : HPyLong_FromInt32_t(ctx, sum);
}

HPyDef_METH(half_of_even_def, "half_of_even", HPyFunc_O)
static HPy half_of_even_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int n = HPyLong_AsInt32_t(ctx, argument);
    if (n == -1 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    int half;
    if (half_of_even(n, &half) != 0) {
        return HPyErr_SetString(ctx, ctx->h_ValueError, "n must be even");
    }
    return HPyLong_FromInt32_t(ctx, half);
}

HPyDef_METH(work_held_def, "work_held", HPyFunc_O)
static HPy work_held_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int steps = HPyLong_AsInt32_t(ctx, argument);
    if (steps == -1 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    return HPyLong_FromUInt32_t(ctx, work(steps));
}

HPyDef_METH(work_released_def, "work_released", HPyFunc_O)
static HPy work_released_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    int steps = HPyLong_AsInt32_t(ctx, argument);
    if (steps == -1 && HPyErr_Occurred(ctx)) {
        return HPy_NULL;
    }
    unsigned result;
    HPy_BEGIN_LEAVE_PYTHON(ctx)
    result = work(steps);
    HPy_END_LEAVE_PYTHON(ctx)
    return HPyLong_FromUInt32_t(ctx, result);
}

static int add_constant(HPyContext *ctx, HPy module)
{
    HPy value = HPyLong_FromInt32_t(ctx, answer);
    if (HPy_IsNull(value)) {
        return -1;
    }
    int status = HPy_SetAttr_s(ctx, module, "ANSWER", value);
    HPy_Close(ctx, value);
    return status;
}

HPyDef_SLOT(module_exec, HPy_mod_exec)
static int module_exec_impl(HPyContext *ctx, HPy module)
{
    return add_types(ctx, module) == -1 ? -1 : add_constant(ctx, module);
}

static HPyDef *module_defines[] = {
    &module_exec,
    &get_pi_def,
    &fibonacci_def,
    &fibonacci_keyword_def,
    &add_million_def,
    &half_of_def,
    &negate_def,
    &add_two_def,
    &add_four_def,
    &add_eight_def,
    &first_byte_def,
    &last_byte_def,
    &get_greeting_def,
    &get_token_def,
    &sum_ends_list_def,
    &split_digits_def,
    &mirror_def,
    &sum_calls_def,
    &half_of_even_def,
    &work_held_def,
    &work_released_def,
    NULL,
};
static HPyGlobal *module_globals[] = {&point_type, NULL};
static HPyModuleDef definition = {
    .doc = "The C core through HPy.",
    .defines = module_defines,
    .globals = module_globals,
};

#ifdef HPY_ABI_UNIVERSAL
HPy_MODINIT(_universal, definition)
#else
HPy_MODINIT(_cpython, definition)
#endif
