/* Single paths, as another commit or the index has them. */
#pragma once
#include "git.h"

/* From where (the index, when there is no tree) to where; an overlay takes nothing away. */
struct restoring {
    git_tree *source;
    const char *source_name;
    bool staged, worktree, overlay, quiet, counts;
    uint32_t side;
};

int restore_paths(const struct restoring *asked, char **given, int count);
