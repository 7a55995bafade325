/* mawk's configuration for WASI, where its own configure would find Linux. Pipes and system()
 * are those of unix/, which has them as far as the host does. */
#pragma once
#define GCC_NORETURN __attribute__((noreturn))
#define GCC_UNUSED __attribute__((unused))
#define GCC_PRINTFLIKE(text, rest) __attribute__((format(printf, text, rest)))
#define HAVE_CLOCK_GETTIME 1
#define HAVE_ENVIRON 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_FSEEKO 1
#define HAVE_FSTAT 1
#define HAVE_GETTIMEOFDAY 1
#define HAVE_INT64_T 1
#define HAVE_INTTYPES_H 1
#define HAVE_ISINF 1
#define HAVE_ISNAN 1
#define HAVE_LIMITS_H 1
#define HAVE_LONG_LONG 1
#define HAVE_MKTIME 1
#define HAVE_STDINT_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRFTIME 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_UINT64_T 1
#define HAVE_UNISTD_H 1
#define LOCALE 1
#define LOCAL_REGEXP 1
#define MAWK_RAND_MAX 0x7fffffff
#define NAME_RANDOM "srandom/random"
#define SIZEOF_DOUBLE 8
#define SIZEOF_FLOAT 4
#define SIZEOF_INT64_T 8
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZE_T_STDDEF_H 1
#define STDC_HEADERS 1
#define SYSTEM_NAME "sandcell"
#define mawk_rand() random()
#define mawk_srand(seed) srandom((unsigned)(seed))
#define OPT_TRACE 0
