/* git clone. */
#include "transfer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BRANCH = 1, DEPTH, SINGLE, BARE, QUIET, ORIGIN, NO_CHECKOUT, NOTHING, PASS, MIRROR };

static const struct choice clone_choices[] = {
    {BRANCH, "branch", 'b', NEEDED}, {DEPTH, "depth", 0, NEEDED}, {SINGLE, "single-branch", 0, NONE}, {BARE, "bare", 0, NONE},
    {MIRROR, "mirror", 0, NONE}, {QUIET, "quiet", 'q', NONE}, {ORIGIN, "origin", 'o', NEEDED}, {NO_CHECKOUT, "checkout", 0, NONE},
    {PASS, NULL, 'n', NONE}, {NOTHING, "local", 'l', NONE}, {NOTHING, "hardlinks", 0, NONE}, {NOTHING, "recurse-submodules", 0, OPTIONAL},
    {NOTHING, "recursive", 0, OPTIONAL}, {NOTHING, "progress", 0, NONE}, {NOTHING, "verbose", 'v', NONE}, {NOTHING, "tags", 0, NONE},
    {NOTHING, "filter", 0, NEEDED}, {NOTHING, "config", 'c', NEEDED}, {NOTHING, "shallow-submodules", 0, NONE}, {NOTHING, "jobs", 'j', NEEDED}, {0},
};

static char *folder_of(const char *source, bool bare)
{
    const char *path = path_of(source);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (length > 5 && strncmp(path + length - 5, "/.git", 5) == 0) {
        length -= 5;
    }
    if (length > 4 && strncmp(path + length - 4, ".git", 4) == 0) {
        length -= 4;
    }
    size_t start = length;
    while (start > 0 && path[start - 1] != '/' && path[start - 1] != ':') {
        start--;
    }
    return text("%.*s%s", (int)(length - start), path + start, bare ? ".git" : "");
}

static bool is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    bool empty = folder != NULL;
    for (struct dirent *entry; folder != NULL && empty && (entry = readdir(folder)) != NULL;) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return empty;
}

static const char *origin_name = "origin", *only_branch;
/* BARE or MIRROR: branches are taken as they are, not as those of another repository. */
static int into_bare;

static int make_remote(git_remote **out, git_repository *of, const char *name, const char *url, void *unused)
{
    if (into_bare) {
        return git_remote_create_with_fetchspec(out, of, origin_name, url, into_bare == MIRROR ? "+refs/*:refs/*" : "+refs/heads/*:refs/heads/*");
    }
    if (only_branch == NULL) {
        return git_remote_create(out, of, origin_name, url);
    }
    return git_remote_create_with_fetchspec(out, of, origin_name, url,
                                            text("+refs/heads/%s:refs/remotes/%s/%s", only_branch, origin_name, only_branch));
}

int clone_command(int argc, char **argv)
{
    struct words words = words_of(argc, argv, clone_choices);
    bool bare = false, quiet = false, single = false, no_checkout = false, has_depth = false, mirror = false;
    const char *branch = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case BRANCH: branch = words.value; break;
        case DEPTH: has_depth = single = true; break;
        case SINGLE: single = !words.negated; break;
        case BARE: bare = true; break;
        case MIRROR: bare = mirror = true; break;
        case QUIET: quiet = true; break;
        case ORIGIN: origin_name = words.value; break;
        case NO_CHECKOUT: no_checkout = words.negated; break;
        case PASS: no_checkout = true; break;
        default: break;
        }
    }
    if (words.rest_count < 1 || words.rest_count > 2) {
        usage("git clone [<options>] [--] <repo> [<dir>]");
    }
    const char *source = words.rest[0], *folder = words.rest_count > 1 ? words.rest[1] : folder_of(source, bare);
    struct stat about;
    if (stat(folder, &about) == 0 && !(S_ISDIR(about.st_mode) && is_empty_folder(folder))) {
        die("destination path '%s' already exists and is not an empty directory.", folder);
    }
    bool there = is_remote_url(source) ? false : stat(path_of(source), &about) == 0;
    if (!there && is_remote_url(source)) {
        if (!quiet) {
            say("Cloning into '%s'...", folder);
        }
        die_no_network("clone", source);
    }
    git_repository *other = open_other(source);
    if (other == NULL) {
        die("repository '%s' does not exist", source);
    }
    if (!quiet) {
        say(bare ? "Cloning into bare repository '%s'..." : "Cloning into '%s'...", folder);
    }
    if (has_depth && strncmp(source, "file://", 7) != 0) {
        say("warning: --depth is ignored in local clones; use file:// instead.");
    }
    /* A tag is cloned as any other branch, and gone to afterwards. */
    git_reference *reference;
    bool is_tag = false;
    git_oid id;
    if (branch != NULL && git_reference_lookup(&reference, other, text("refs/heads/%s", branch)) != 0) {
        is_tag = git_reference_name_to_id(&id, other, text("refs/tags/%s", branch)) == 0;
        if (!is_tag) {
            die("Remote branch %s not found in upstream %s", branch, origin_name);
        }
    }
    git_reference *head;
    bool has_head = git_reference_lookup(&head, other, "HEAD") == 0 && git_reference_type(head) == GIT_REFERENCE_SYMBOLIC;
    const char *default_branch = has_head ? short_name(git_reference_symbolic_target(head)) : NULL;
    bool empty = git_repository_is_empty(other) == 1;
    only_branch = single && !empty ? branch != NULL && !is_tag ? branch : default_branch : NULL;
    into_bare = mirror ? MIRROR : bare ? BARE : 0;
    git_clone_options options = GIT_CLONE_OPTIONS_INIT;
    options.bare = bare;
    options.checkout_branch = is_tag ? NULL : branch;
    options.local = strncmp(source, "file://", 7) == 0 ? GIT_CLONE_NO_LOCAL : GIT_CLONE_LOCAL;
    options.remote_cb = make_remote;
    options.checkout_opts.checkout_strategy = no_checkout || is_tag ? GIT_CHECKOUT_NONE : GIT_CHECKOUT_SAFE;
    char *url = realpath(path_of(source), NULL);
    char *given = strncmp(source, "file://", 7) == 0 ? text("%s", source) : url == NULL ? text("%s", source) : url;
    if (git_clone(&repo, given, folder, &options) < 0) {
        die("%s", why());
    }
    if (is_tag) {
        git_commit *target = need_commit(text("refs/tags/%s", branch));
        git_checkout_options all = GIT_CHECKOUT_OPTIONS_INIT;
        all.checkout_strategy = GIT_CHECKOUT_FORCE;
        must(git_repository_set_head_detached(repo, git_commit_id(target)));
        must(no_checkout ? 0 : git_checkout_tree(repo, (git_object *)target, &all));
        put_detached_advice(whole_id(git_commit_id(target)));
    }
    if (bare && !mirror) {
        git_config *config;
        must(git_repository_config(&config, repo));
        git_config_delete_entry(config, text("remote.%s.fetch", origin_name));
        git_config_delete_entry(config, text("branch.%s.remote", default_branch == NULL ? "" : default_branch));
        git_config_delete_entry(config, text("branch.%s.merge", default_branch == NULL ? "" : default_branch));
    }
    if (empty && default_branch != NULL) {
        must(git_reference_symbolic_create(&reference, repo, "HEAD", text("refs/heads/%s", default_branch), 1, NULL));
    }
    if (!quiet) {
        if (empty) {
            say("warning: You appear to have cloned an empty repository.");
        }
        say("done.");
    }
    return ENDED_WELL;
}
