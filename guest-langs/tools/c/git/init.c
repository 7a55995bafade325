/* git init. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BARE = 1, BRANCH, QUIET, NOTHING, OTHER_HASH };

static const struct choice choices[] = {
    {BARE, "bare", 0, NONE}, {BRANCH, "initial-branch", 'b', NEEDED}, {QUIET, "quiet", 'q', NONE}, {NOTHING, "template", 0, NEEDED},
    {NOTHING, "shared", 0, OPTIONAL}, {OTHER_HASH, "object-format", 0, NEEDED}, {0},
};

int init_command(int argc, char **argv)
{
    struct words words = words_of(argc, argv, choices);
    bool bare = false, quiet = false;
    const char *branch = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case BARE: bare = true; break;
        case BRANCH: branch = words.value; break;
        case QUIET: quiet = true; break;
        case OTHER_HASH:
            if (strcmp(words.value, "sha1") != 0) {
                die("only sha1 repositories are supported here");
            }
            break;
        default: break;
        }
    }
    if (words.rest_count > 1) {
        usage("git init [-q | --quiet] [--bare] [-b <branch-name>] [<directory>]");
    }
    const char *folder = words.rest_count == 1 ? words.rest[0] : getenv("GIT_DIR") != NULL ? getenv("GIT_DIR") : ".";
    bool named_folder = words.rest_count == 0 && getenv("GIT_DIR") != NULL;
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_MKPATH | (bare ? GIT_REPOSITORY_INIT_BARE : 0) | (named_folder ? GIT_REPOSITORY_INIT_NO_DOTGIT_DIR : 0);
    bool again = git_repository_open_ext(&repo, folder, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0;
    git_repository_free(repo);
    repo = NULL;
    if (branch == NULL && (branch = setting("init.defaultBranch")) == NULL) {
        branch = "master";
    }
    int valid;
    if (git_branch_name_is_valid(&valid, branch) != 0 || !valid) {
        die("invalid initial branch name: '%s'", branch);
    }
    options.initial_head = branch;
    if (git_repository_init_ext(&repo, folder, &options) < 0) {
        struct stat about;
        if (stat(folder, &about) == 0 && !S_ISDIR(about.st_mode)) {
            die("cannot mkdir %s: File exists", folder);
        }
        die("%s", why());
    }
    if (!quiet) {
        printf("%s Git repository in %s\n", again ? "Reinitialized existing" : "Initialized empty", git_repository_path(repo));
    }
    return ENDED_WELL;
}
