/*
 * What a process at rest can do without.
 *
 *   trimMemory()   gives the kernel back what has been freed of the C library's heaps, of which each thread may have one, and
 *                  the pages of programs and libraries that only a start reads; a few milliseconds
 */
#include "memory.h"
#include "arguments.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>

/* PATH_MAX, and what stands around a path. */
#define LINE 4400

/*
 * Unmaps the pages of code and constants, of which a start touches half a hundred MiB: V8's snapshot, ICU, all that is built
 * into node. They stay in the page cache, from where those that are needed come back sixteen at a time, and the rest is
 * the kernel's to take. A mapping with pages of its own (Anonymous of smaps) is left alone: what was changed in it would be lost.
 */
static void release_constants(void) {
  char line[LINE];
  FILE *maps = fopen("/proc/self/smaps", "re");
  if (!maps) return;
  unsigned long start = 0, end = 0;
  while (fgets(line, sizeof line, maps)) {
    unsigned long from, to, own;
    char rights[5], path[2] = "";
    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %1s", &from, &to, rights, path) >= 3) {
      start = from;
      end = path[0] == '/' && rights[0] == 'r' && rights[1] == '-' && rights[3] == 'p' ? to : from;
    } else if (start < end && sscanf(line, "Anonymous: %lu kB", &own) == 1) {
      if (own == 0) madvise((void *)start, end - start, MADV_DONTNEED);
      start = end;
    }
  }
  fclose(maps);
}

static napi_value trim_memory(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  release_constants();
  return NULL;
}

bool define_memory(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {METHOD("trimMemory", trim_memory)};
  return napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) == napi_ok;
}
