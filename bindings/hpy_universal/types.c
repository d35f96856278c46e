/* The classes Point and Tally, and mirror, which takes and makes a Point. */
#include "module.h"

#include <stddef.h>

#include "core.h"

/* The object contains the core's struct. */
HPyType_HELPERS(point)

HPyDef_SLOT(point_new, HPy_tp_new)
static HPy point_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    static const char *names[] = {"x", "y", NULL};
    double x, y;
    if (!HPyArg_ParseKeywordsDict(ctx, NULL, args, nargs, kw, "dd:Point", names, &x, &y)) {
        return HPy_NULL;
    }
    point *self;
    HPy object = HPy_New(ctx, type, &self);
    if (!HPy_IsNull(object)) {
        *self = (point){x, y};
    }
    return object;
}

HPyDef_MEMBER(point_x, "x", HPyMember_DOUBLE, offsetof(point, x), .readonly = 1)
HPyDef_MEMBER(point_y, "y", HPyMember_DOUBLE, offsetof(point, y), .readonly = 1)

static HPyDef *point_defines[] = {&point_new, &point_x, &point_y, NULL};
static HPyType_Spec point_spec = {
    .name = MODULE_NAME ".Point",
    .basicsize = sizeof(point),
    .builtin_shape = SHAPE(point),
    .defines = point_defines,
};
HPyGlobal point_type;

static HPy mirror_of(HPyContext *ctx, HPy type, HPy argument)
{
    if (!HPy_TypeCheck(ctx, argument, type)) {
        return HPyErr_SetString(ctx, ctx->h_TypeError, "a Point is required");
    }
    point *mirrored;
    HPy object = HPy_New(ctx, type, &mirrored);
    if (!HPy_IsNull(object)) {
        *mirrored = mirror(*point_AsStruct(ctx, argument));
    }
    return object;
}

HPyDef_METH(mirror_def, "mirror", HPyFunc_O)
static HPy mirror_def_impl(HPyContext *ctx, HPy self UNUSED, HPy argument)
{
    HPy type = HPyGlobal_Load(ctx, point_type);
    HPy result = mirror_of(ctx, type, argument);
    HPy_Close(ctx, type);
    return result;
}

/* An object behind a pointer. */

typedef struct {
    tally *pointer;
} tally_object;

HPyType_HELPERS(tally_object)

HPyDef_SLOT(tally_object_new, HPy_tp_new)
static HPy tally_object_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs,
                                 HPy kw)
{
    if (!HPy_IsNull(kw) && HPy_Length(ctx, kw) != 0) {
        return HPyErr_SetString(ctx, ctx->h_TypeError, "Tally() takes no keyword arguments");
    }
    int start;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "i:Tally", &start)) {
        return HPy_NULL;
    }
    tally_object *self;
    HPy object = HPy_New(ctx, type, &self);
    if (HPy_IsNull(object)) {
        return HPy_NULL;
    }
    self->pointer = tally_new(start);
    if (self->pointer == NULL) {
        HPy_Close(ctx, object);
        return HPyErr_NoMemory(ctx);
    }
    return object;
}

HPyDef_SLOT(tally_object_destroy, HPy_tp_destroy)
static void tally_object_destroy_impl(void *data)
{
    tally_free(((tally_object *)data)->pointer);
}

HPyDef_METH(tally_object_increment, "increment", HPyFunc_NOARGS)
static HPy tally_object_increment_impl(HPyContext *ctx, HPy self)
{
    return HPyLong_FromInt32_t(ctx, tally_increment(tally_object_AsStruct(ctx, self)->pointer));
}

static HPyDef *tally_defines[] = {
    &tally_object_new,
    &tally_object_destroy,
    &tally_object_increment,
    NULL,
};
static HPyType_Spec tally_spec = {
    .name = MODULE_NAME ".Tally",
    .basicsize = sizeof(tally_object),
    .builtin_shape = SHAPE(tally_object),
    .defines = tally_defines,
};

static int add_point(HPyContext *ctx, HPy module)
{
    HPy type = HPyType_FromSpec(ctx, &point_spec, NULL);
    if (HPy_IsNull(type)) {
        return -1;
    }
    HPyGlobal_Store(ctx, &point_type, type);
    int status = HPy_SetAttr_s(ctx, module, "Point", type);
    HPy_Close(ctx, type);
    return status;
}

int add_types(HPyContext *ctx, HPy module)
{
    if (!HPyHelpers_AddType(ctx, module, "Tally", &tally_spec, NULL)) {
        return -1;
    }
    return add_point(ctx, module);
}
