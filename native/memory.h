/* What a process at rest can do without: see memory.c. */
#pragma once

#include <node_api.h>
#include <stdbool.h>

/* Adds trimMemory to the exports; false where that fails. */
bool define_memory(napi_env env, napi_value exports);
