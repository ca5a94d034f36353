/* For the module's initialization: see memory.c. */
#pragma once

#include <node_api.h>
#include <stdbool.h>

bool define_memory(napi_env env, napi_value exports);
