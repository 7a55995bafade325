/* The tools of ours: each a main of its own. */
#pragma once

#define PROGRAM(name, function) int function(int argc, char **argv);
#include "programs.list"
#undef PROGRAM

/* Says `name: text` on standard error, behind what standard output holds so far; returns 1. */
int complain(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
