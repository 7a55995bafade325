/* What the commands share that talk to other repositories in the sandbox's files. */
#pragma once
#include "git.h"

/* Ends with git's words for what is no repository. */
_Noreturn void die_unreadable(const char *url);
/* A path of a repository, without file://. */
const char *path_of(const char *url);
/* The repository of another folder; NULL when there is none. */
git_repository *open_other(const char *url);
/* The remote that the current branch belongs to, or the only one. */
char *default_remote(void);
/* As git shows an address: without what every repository ends with. */
char *shown_url(const char *url);
/* Fetches, and says what it brought. The name is that of a remote, or a path. */
void fetch_from(const char *name, char **specs, int count, bool prune, bool tags, bool quiet);
