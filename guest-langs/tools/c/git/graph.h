/* The lines to the left of a history. */
#pragma once
#include "git.h"

struct graph;

struct graph *graph_of(const struct walk *walk);
/* The next commit of the history. */
void graph_take(struct graph *graph, git_commit *commit);
/* Its message with the lines at the left of it, and those that lead to the next. */
void graph_put(struct graph *graph, const char *message, bool separates);
