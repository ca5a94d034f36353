/*
 * Memory: what the C library keeps of what was freed, given back to the kernel. V8 compiles in memory of the C library's,
 * tens of megabytes for hundreds of functions at once, which would stay with the process though it is never needed again.
 */
#include "memory.h"

#include <malloc.h>

#include "arguments.h"

/* trimMemory(): 1 where something was given back, else 0 */
static napi_value trim_memory(napi_env env, napi_callback_info info) {
#ifdef __GLIBC__
  return to_number(env, malloc_trim(0));
#else
  return to_number(env, 0);
#endif
}

bool define_memory(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"trimMemory", NULL, trim_memory, NULL, NULL, NULL, napi_default, NULL},
  };
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok;
}
