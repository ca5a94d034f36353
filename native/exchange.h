/* Requests sent and answered in one go: see exchange.c. */
#pragma once

#include <node_api.h>
#include <stdbool.h>

/* Adds the class Exchange to the exports; false where that fails. */
bool define_exchange(napi_env env, napi_value exports);
