/* Runs a script on the engine as its authors have it and prints the nanoseconds of processor time that it took. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "quickjs.h"

static long long processor_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **arguments)
{
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = runtime == NULL ? NULL : JS_NewContext(runtime);
    if (count != 2 || context == NULL) {
        return 2;
    }
    long long start = processor_time();
    JSValue value = JS_Eval(context, arguments[1], strlen(arguments[1]), "script", JS_EVAL_TYPE_GLOBAL);
    long long end = processor_time();
    if (JS_IsException(value)) {
        return 1;
    }
    JS_FreeValue(context, value);
    printf("%lld\n", end - start);
    return 0;
}
