/* git stash. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE = 1, UNTRACKED, ALL, KEEP_INDEX, INDEX, QUIET, PATCH, STAGED };

static const struct choice push_choices[] = {
    {MESSAGE, "message", 'm', NEEDED}, {UNTRACKED, "include-untracked", 'u', NONE}, {ALL, "all", 'a', NONE},
    {KEEP_INDEX, "keep-index", 'k', NONE}, {QUIET, "quiet", 'q', NONE}, {PATCH, "patch", 'p', NONE}, {STAGED, "staged", 'S', NONE}, {0},
};
static const struct choice apply_choices[] = {{INDEX, "index", 0, NONE}, {QUIET, "quiet", 'q', NONE}, {0}};
static const struct choice show_choices[] = {{UNTRACKED, "include-untracked", 'u', NONE}, PATCH_CHOICES, {0}};

struct found {
    size_t wanted, count;
    git_oid id;
    bool there, lists;
};

static int look_at(size_t at, const char *message, const git_oid *id, void *payload)
{
    struct found *found = payload;
    if (found->lists) {
        printf("stash@{%zu}: %s\n", at, message);
    }
    if (at == found->wanted) {
        found->id = *id;
        found->there = true;
    }
    found->count++;
    return 0;
}

/* The entry that `stash@{2}` or `2` names; ends when there is none. */
static struct found find_entry(const char *name)
{
    struct found found = {0};
    const char *number = name == NULL ? "0" : strncmp(name, "stash@{", 7) == 0 ? name + 7 : strcmp(name, "stash") == 0 ? "0" : name;
    char *end;
    found.wanted = strtoul(number, &end, 10);
    if (end == number || (*end != '\0' && *end != '}')) {
        fail("%s is not a valid reference", name);
    }
    must(git_stash_foreach(repo, look_at, &found));
    if (!found.there) {
        if (name == NULL || found.count == 0) {
            say("No stash entries found.");
            exit(ENDED_BADLY);
        }
        fail("stash@{%zu} is not a valid reference", found.wanted);
    }
    return found;
}

static int push(int argc, char **argv, bool is_save)
{
    struct words words = words_of(argc, argv, push_choices);
    git_stash_save_options options = GIT_STASH_SAVE_OPTIONS_INIT;
    const char *message = NULL;
    bool quiet = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case MESSAGE: message = words.value; break;
        case UNTRACKED: options.flags |= words.negated ? 0 : GIT_STASH_INCLUDE_UNTRACKED; break;
        case ALL: options.flags |= GIT_STASH_INCLUDE_UNTRACKED | GIT_STASH_INCLUDE_IGNORED; break;
        case KEEP_INDEX: options.flags |= words.negated ? 0 : GIT_STASH_KEEP_INDEX; break;
        case QUIET: quiet = true; break;
        case PATCH: die("--patch is not supported here");
        case STAGED: die("--staged is not supported here");
        default: break;
        }
    }
    if (is_save && words.rest_count > 0) {
        char *all = text("%s", words.rest[0]);
        for (int at = 1; at < words.rest_count; at++) {
            all = text("%s %s", all, words.rest[at]);
        }
        message = all;
        words.rest_count = 0;
    }
    git_commit *head = head_commit();
    if (head == NULL) {
        say("You do not have the initial commit yet");
        return ENDED_BADLY;
    }
    options.paths = paths_in_tree(words.rest, words.rest_count);
    options.message = message;
    git_signature *author, *committer;
    read_people(&author, &committer);
    options.stasher = committer;
    must(git_repository_set_ident(repo, committer->name, committer->email));
    git_oid id;
    int result = git_stash_save_with_opts(&id, repo, &options);
    if (result == GIT_ENOTFOUND) {
        if (!quiet) {
            puts("No local changes to save");
        }
        return ENDED_WELL;
    }
    must(result);
    if (!quiet) {
        const char *shown = git_commit_message(commit_of(&id));
        printf("Saved working directory and index state %.*s\n", (int)strcspn(shown, "\n"), shown);
    }
    return ENDED_WELL;
}

static int drop(const char *name, bool quiet, const char *how)
{
    struct found found = find_entry(name);
    must(git_stash_drop(repo, found.wanted));
    if (!quiet) {
        printf("Dropped %sstash@{%zu} (%s)\n", name == NULL || strspn(name, "0123456789") > 0 ? how : "", found.wanted, whole_id(&found.id));
    }
    return ENDED_WELL;
}

static int apply(int argc, char **argv, bool drops)
{
    struct words words = words_of(argc, argv, apply_choices);
    bool index_too = false, quiet = false;
    for (int id; (id = next_option(&words)) != 0;) {
        index_too |= id == INDEX;
        quiet |= id == QUIET;
    }
    const char *name = words.rest_count > 0 ? words.rest[0] : NULL;
    struct found found = find_entry(name);
    git_commit *stash = commit_of(&found.id), *base;
    must(git_commit_parent(&base, stash, 0));
    /* Staged new files stay staged; what was only changed does not become so. */
    git_index *index;
    must(git_repository_index(&index, repo));
    if (git_index_has_conflicts(index)) {
        fail("could not write index");
    }
    git_stash_apply_options options = GIT_STASH_APPLY_OPTIONS_INIT;
    options.flags = index_too ? GIT_STASH_APPLY_REINSTATE_INDEX : GIT_STASH_APPLY_DEFAULT;
    options.checkout_options.our_label = "Updated upstream";
    options.checkout_options.their_label = "Stashed changes";
    options.checkout_options.checkout_strategy = GIT_CHECKOUT_SAFE | GIT_CHECKOUT_ALLOW_CONFLICTS;
    git_diff *diff;
    git_tree *ours = tree_of(head_commit());
    must(git_diff_tree_to_tree(&diff, repo, tree_of(base), tree_of(stash), NULL));
    struct texts in_the_way = {0};
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        unsigned status = 0;
        const char *path = git_diff_get_delta(diff, at)->new_file.path;
        if (git_status_file(&status, repo, path) == 0
            && (status & (GIT_STATUS_WT_MODIFIED | GIT_STATUS_INDEX_MODIFIED | GIT_STATUS_WT_TYPECHANGE | GIT_STATUS_INDEX_NEW))) {
            texts_add(&in_the_way, path);
        }
    }
    if (in_the_way.count > 0) {
        char *list = text("%s", "");
        for (size_t at = 0; at < in_the_way.count; at++) {
            list = text("%s\n\t%s", list, quoted(in_the_way.list[at]));
        }
        complain("Your local changes to the following files would be overwritten by merge:%s\nPlease commit your changes or stash them before you merge.\nAborting", list);
    }
    int result = in_the_way.count > 0 ? GIT_ECONFLICT : git_stash_apply(repo, found.wanted, &options);
    if (result < 0) {
        if (in_the_way.count == 0) {
            complain("%s", why());
        }
        if (drops) {
            puts("The stash entry is kept in case you need it again.");
        }
        return ENDED_BADLY;
    }
    must(git_index_read(index, 1));
    bool conflicts = put_conflicts(index, tree_of(base), ours, tree_of(stash), "stash");
    if (!conflicts && !index_too) {
        /* As git: only new files stay in the index. */
        git_index *before;
        must(git_index_new(&before));
        must(git_index_read_tree(before, ours));
        struct texts paths = {0};
        for (size_t at = 0; at < git_index_entrycount(index); at++) {
            texts_add(&paths, git_index_get_byindex(index, at)->path);
        }
        for (size_t at = 0; at < paths.count; at++) {
            const git_index_entry *was = git_index_get_bypath(before, paths.list[at], 0), *is = git_index_get_bypath(index, paths.list[at], 0);
            if (was != NULL && is != NULL && !git_oid_equal(&was->id, &is->id)) {
                must(git_index_add(index, was));
            }
        }
        for (size_t at = 0; at < git_index_entrycount(before); at++) {
            const git_index_entry *was = git_index_get_byindex(before, at);
            if (git_index_get_bypath(index, was->path, 0) == NULL) {
                must(git_index_add(index, was));
            }
        }
        must(git_index_write(index));
    }
    if (!quiet) {
        put_status(&(struct status_look){0});
    }
    if (conflicts) {
        if (drops) {
            puts("The stash entry is kept in case you need it again.");
        }
        return ENDED_BADLY;
    }
    return drops ? drop(name, quiet, "refs/") : ENDED_WELL;
}

static int show(int argc, char **argv)
{
    struct words words = words_of(argc, argv, show_choices);
    struct patch_look look = {0};
    for (int id; (id = next_option(&words)) != 0;) {
        take_patch_option(&look, id, words.value);
    }
    if (!patch_look_is_set(&look)) {
        look.stat = true;
    }
    struct found found = find_entry(words.rest_count > 0 ? words.rest[0] : NULL);
    git_diff *diff = diff_of_commit(commit_of(&found.id), &look, (git_strarray){0});
    put_diff(diff, &look);
    return ENDED_WELL;
}

int stash_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    const char *action = argc > 1 ? argv[1] : "push";
    if (argc == 1 || action[0] == '-') {
        return push(argc, argv, false);
    }
    argc--;
    argv++;
    if (strcmp(action, "push") == 0) {
        return push(argc, argv, false);
    }
    if (strcmp(action, "save") == 0) {
        return push(argc, argv, true);
    }
    if (strcmp(action, "list") == 0) {
        struct found found = {.lists = true};
        must(git_stash_foreach(repo, look_at, &found));
        return ENDED_WELL;
    }
    if (strcmp(action, "pop") == 0 || strcmp(action, "apply") == 0) {
        return apply(argc, argv, *action == 'p');
    }
    if (strcmp(action, "drop") == 0) {
        bool quiet = argc > 1 && strcmp(argv[1], "-q") == 0;
        return drop(argc > 1 + quiet ? argv[1 + quiet] : NULL, quiet, "refs/");
    }
    if (strcmp(action, "clear") == 0) {
        struct found found = {0};
        must(git_stash_foreach(repo, look_at, &found));
        while (found.count-- > 0) {
            must(git_stash_drop(repo, 0));
        }
        return ENDED_WELL;
    }
    if (strcmp(action, "show") == 0) {
        return show(argc, argv);
    }
    if (strcmp(action, "branch") == 0 && argc > 1) {
        struct found found = find_entry(argc > 2 ? argv[2] : NULL);
        char *words[] = {"checkout", "-b", argv[1], text("%s^1", whole_id(&found.id)), NULL};
        char *rest[] = {"pop", "--index", argc > 2 ? argv[2] : NULL, NULL};
        return checkout_command(4, words) == ENDED_WELL ? apply(argc > 2 ? 3 : 2, rest, true) : ENDED_BADLY;
    }
    die("subcommand wasn't specified; 'push' can't be assumed due to unexpected token '%s'", action);
}
