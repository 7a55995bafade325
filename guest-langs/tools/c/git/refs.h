/* References as text, by patterns such as `%(refname:short)`. */
#pragma once
#include "git.h"

struct reference {
    const char *name;
    git_oid id;
    git_object *object;
    git_commit *commit;
};

/* All references below a head such as `refs/heads/`, sorted by name. */
struct reference *read_references(const char *head, size_t *count);
void sort_references(struct reference *list, size_t count, const char *key);
void put_reference(const char *format, const struct reference *reference);
/* `ahead 1, behind 2`; "" when the same; NULL without an upstream. */
char *tracking(const char *reference, char **upstream);
