/* git status. */
#include "git.h"
#include <stdlib.h>
#include <string.h>

enum { SHORT = 1, PORCELAIN, LONG, BRANCH, ZERO, IGNORED, UNTRACKED, NO_RENAMES, NOTHING, AHEAD };

static const struct choice choices[] = {
    {SHORT, "short", 's', NONE}, {PORCELAIN, "porcelain", 0, OPTIONAL}, {LONG, "long", 0, NONE}, {BRANCH, "branch", 'b', NONE},
    {ZERO, NULL, 'z', NONE}, {ZERO, "null", 0, NONE}, {IGNORED, "ignored", 0, OPTIONAL}, {UNTRACKED, "untracked-files", 'u', OPTIONAL},
    {NO_RENAMES, "no-renames", 0, NONE}, {NOTHING, "verbose", 'v', NONE}, {NOTHING, "ignore-submodules", 0, OPTIONAL},
    {NOTHING, "column", 0, OPTIONAL}, {AHEAD, "ahead-behind", 0, NONE}, {NOTHING, "show-stash", 0, NONE},
    {NOTHING, "find-renames", 0, OPTIONAL}, {0},
};

/* A path and its two letters. */
struct entry {
    char staged, changed;
    const char *path, *from;
};

struct changes {
    struct entry *entries;
    size_t count;
    struct texts untracked, ignored;
};

static void add_entry(struct changes *changes, struct entry entry)
{
    if ((changes->count & (changes->count - 1)) == 0) {
        changes->entries = room(changes->entries, (changes->count == 0 ? 1 : changes->count * 2) * sizeof *changes->entries);
    }
    changes->entries[changes->count++] = entry;
}

static int by_path(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->path, ((const struct entry *)right)->path);
}

/* The two letters of a path that could not be merged, by which sides have it. */
static struct entry conflict(git_index *index, const char *path)
{
    const git_index_entry *base, *ours, *theirs;
    struct entry entry = {'U', 'U', path, NULL};
    if (git_index_conflict_get(&base, &ours, &theirs, index, path) != 0) {
        return entry;
    }
    static const char *const letters[] = {"??", "DD", "AU", "UD", "UA", "DU", "AA", "UU"};
    int which = (base != NULL) | (ours != NULL) << 1 | (theirs != NULL) << 2;
    entry.staged = letters[which][0];
    entry.changed = letters[which][1];
    return entry;
}

static char staged_letter(unsigned status)
{
    return status & GIT_STATUS_INDEX_NEW          ? 'A'
           : status & GIT_STATUS_INDEX_RENAMED    ? 'R'
           : status & GIT_STATUS_INDEX_MODIFIED   ? 'M'
           : status & GIT_STATUS_INDEX_DELETED    ? 'D'
           : status & GIT_STATUS_INDEX_TYPECHANGE ? 'T'
                                                  : ' ';
}

static char changed_letter(unsigned status)
{
    return status & (GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_UNREADABLE) ? 'M'
           : status & GIT_STATUS_WT_DELETED                             ? 'D'
           : status & GIT_STATUS_WT_TYPECHANGE                          ? 'T'
                                                                        : ' ';
}

static struct changes read_changes(const struct status_look *look)
{
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    options.flags = GIT_STATUS_OPT_RENAMES_HEAD_TO_INDEX | GIT_STATUS_OPT_SORT_CASE_SENSITIVELY | GIT_STATUS_OPT_UPDATE_INDEX;
    if (!look->no_untracked) {
        options.flags |= GIT_STATUS_OPT_INCLUDE_UNTRACKED | (look->all_untracked ? GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS : 0);
    }
    options.flags |= look->ignored ? GIT_STATUS_OPT_INCLUDE_IGNORED : 0;
    options.pathspec = look->paths;
    git_status_list *list;
    must(git_status_list_new(&list, repo, &options));
    git_index *index;
    must(git_repository_index(&index, repo));
    struct changes changes = {0};
    for (size_t at = 0; at < git_status_list_entrycount(list); at++) {
        const git_status_entry *found = git_status_byindex(list, at);
        const git_diff_delta *first = found->head_to_index, *second = found->index_to_workdir;
        const char *path = first != NULL ? first->new_file.path : second->new_file.path;
        if (path == NULL) {
            path = first != NULL ? first->old_file.path : second->old_file.path;
        }
        if (found->status & GIT_STATUS_CONFLICTED) {
            add_entry(&changes, conflict(index, path));
        }
        else if (found->status & GIT_STATUS_WT_NEW && !(found->status & GIT_STATUS_INDEX_DELETED)) {
            texts_add(&changes.untracked, path);
        }
        else if (found->status & GIT_STATUS_IGNORED) {
            texts_add(&changes.ignored, path);
        }
        else {
            struct entry entry = {staged_letter(found->status), changed_letter(found->status), path, NULL};
            if (entry.staged == 'R') {
                entry.from = first->old_file.path;
            }
            if (entry.staged != ' ' || entry.changed != ' ') {
                add_entry(&changes, entry);
            }
            if (found->status & GIT_STATUS_WT_NEW) {
                texts_add(&changes.untracked, path);
            }
        }
    }
    if (changes.count > 1) {
        qsort(changes.entries, changes.count, sizeof *changes.entries, by_path);
    }
    texts_sort(&changes.untracked);
    texts_sort(&changes.ignored);
    return changes;
}

/* ---- the short form ---- */

static char *shown(const struct status_look *look, const char *path)
{
    char *here = quoted(look->is_porcelain ? path : path_from_here(path));
    return *here != '"' && strchr(here, ' ') != NULL ? text("\"%s\"", here) : here;
}

static void put_short_branch(void)
{
    char *branch = current_branch();
    if (branch == NULL) {
        puts("## HEAD (no branch)");
        return;
    }
    if (head_commit() == NULL) {
        printf("## No commits yet on %s", branch);
    }
    else {
        printf("## %s", branch);
    }
    git_buf upstream = {0};
    char *reference = text("refs/heads/%s", branch);
    if (git_branch_upstream_name(&upstream, repo, reference) == 0) {
        git_oid ours, theirs;
        size_t ahead = 0, behind = 0;
        printf("...%s", short_name(upstream.ptr));
        if (git_reference_name_to_id(&theirs, repo, upstream.ptr) != 0) {
            fputs(" [gone]", stdout);
        }
        else if (git_reference_name_to_id(&ours, repo, reference) == 0 && git_graph_ahead_behind(&ahead, &behind, repo, &ours, &theirs) == 0
                 && ahead + behind > 0) {
            fputs(" [", stdout);
            if (ahead > 0) {
                printf("ahead %zu%s", ahead, behind > 0 ? ", " : "");
            }
            if (behind > 0) {
                printf("behind %zu", behind);
            }
            putchar(']');
        }
    }
    putchar('\n');
}

static void put_short(const struct status_look *look, const struct changes *changes)
{
    if (look->branch) {
        put_short_branch();
    }
    char end = look->zero ? '\0' : '\n';
    for (size_t at = 0; at < changes->count; at++) {
        const struct entry *entry = &changes->entries[at];
        printf("%c%c ", entry->staged, entry->changed);
        if (look->zero) {
            printf("%s%c", entry->path, end);
            if (entry->from != NULL) {
                printf("%s%c", entry->from, end);
            }
            continue;
        }
        if (entry->from != NULL) {
            printf("%s -> ", shown(look, entry->from));
        }
        printf("%s%c", shown(look, entry->path), end);
    }
    for (size_t at = 0; at < changes->untracked.count; at++) {
        printf("?? %s%c", look->zero ? changes->untracked.list[at] : shown(look, changes->untracked.list[at]), end);
    }
    for (size_t at = 0; at < changes->ignored.count; at++) {
        printf("!! %s%c", look->zero ? changes->ignored.list[at] : shown(look, changes->ignored.list[at]), end);
    }
}

/* ---- the long form ---- */

/* What HEAD was detached at, by the last move that its log knows. */
static void put_detached(git_commit *head)
{
    git_reflog *log;
    if (git_reflog_read(&log, repo, "HEAD") == 0) {
        for (size_t at = 0; at < git_reflog_entrycount(log); at++) {
            const git_reflog_entry *entry = git_reflog_entry_byindex(log, at);
            const char *message = git_reflog_entry_message(entry), *to;
            if (message == NULL || strncmp(message, "checkout: moving from ", 22) != 0 || (to = strstr(message, " to ")) == NULL) {
                continue;
            }
            const git_oid *id = git_reflog_entry_id_new(entry);
            git_object *named = find_object(to + 4);
            bool is_id = strspn(to + 4, "0123456789abcdef") == strlen(to + 4) || named == NULL || strpbrk(to + 4, "~^@") != NULL;
            bool same = head != NULL && git_oid_equal(id, git_commit_id(head));
            printf("HEAD detached %s %s\n", same ? "at" : "from", is_id ? short_id(id) : to + 4);
            return;
        }
    }
    puts("Not currently on any branch.");
}

static const char *label(char letter)
{
    switch (letter) {
    case 'A': return "new file:   ";
    case 'D': return "deleted:    ";
    case 'R': return "renamed:    ";
    case 'T': return "typechange: ";
    default: return "modified:   ";
    }
}

static bool is_unmerged(const struct entry *entry)
{
    return entry->staged == 'U' || entry->changed == 'U' || (entry->staged == 'A' && entry->changed == 'A')
           || (entry->staged == 'D' && entry->changed == 'D');
}

static const char *unmerged_label(const struct entry *entry)
{
    char pair[] = {entry->staged, entry->changed, '\0'};
    static const char *const labels[][2] = {
        {"DD", "both deleted:    "}, {"AU", "added by us:     "}, {"UD", "deleted by them: "}, {"UA", "added by them:   "},
        {"DU", "deleted by us:   "}, {"AA", "both added:      "}, {"UU", "both modified:   "},
    };
    for (size_t at = 0; at < sizeof labels / sizeof *labels; at++) {
        if (strcmp(labels[at][0], pair) == 0) {
            return labels[at][1];
        }
    }
    return "unmerged:        ";
}

static bool put_state(bool unmerged)
{
    char *head;
    switch (git_repository_state(repo)) {
    case GIT_REPOSITORY_STATE_MERGE:
        if (unmerged) {
            fputs("You have unmerged paths.\n  (fix conflicts and run \"git commit\")\n  (use \"git merge --abort\" to abort the merge)\n", stdout);
        }
        else {
            fputs("All conflicts fixed but you are still merging.\n  (use \"git commit\" to conclude merge)\n", stdout);
        }
        break;
    case GIT_REPOSITORY_STATE_CHERRYPICK:
    case GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE:
        head = state_file("CHERRY_PICK_HEAD");
        printf("You are currently cherry-picking commit %.7s.\n", head == NULL ? "" : head);
        fputs(unmerged ? "  (fix conflicts and run \"git cherry-pick --continue\")\n"
                       : "  (all conflicts fixed: run \"git cherry-pick --continue\")\n", stdout);
        fputs("  (use \"git cherry-pick --skip\" to skip this patch)\n"
              "  (use \"git cherry-pick --abort\" to cancel the cherry-pick operation)\n", stdout);
        break;
    case GIT_REPOSITORY_STATE_REVERT:
    case GIT_REPOSITORY_STATE_REVERT_SEQUENCE:
        head = state_file("REVERT_HEAD");
        printf("You are currently reverting commit %.7s.\n", head == NULL ? "" : head);
        fputs(unmerged ? "  (fix conflicts and run \"git revert --continue\")\n"
                       : "  (all conflicts fixed: run \"git revert --continue\")\n", stdout);
        fputs("  (use \"git revert --skip\" to skip this patch)\n"
              "  (use \"git revert --abort\" to cancel the revert operation)\n", stdout);
        break;
    case GIT_REPOSITORY_STATE_REBASE_MERGE:
    case GIT_REPOSITORY_STATE_REBASE_INTERACTIVE:
        fputs("You are currently rebasing.\n", stdout);
        fputs(unmerged ? "  (fix conflicts and then run \"git rebase --continue\")\n  (use \"git rebase --skip\" to skip this patch)\n"
                         "  (use \"git rebase --abort\" to check out the original branch)\n"
                       : "  (all conflicts fixed: run \"git rebase --continue\")\n", stdout);
        break;
    default: return false;
    }
    putchar('\n');
    return true;
}

static void put_names(const char *title, const char *hint, const struct texts *names)
{
    if (names->count == 0) {
        return;
    }
    printf("%s\n%s", title, hint);
    for (size_t at = 0; at < names->count; at++) {
        printf("\t%s\n", quoted(path_from_here(names->list[at])));
    }
    putchar('\n');
}

static bool put_long(const struct status_look *look, const struct changes *changes)
{
    char *branch = current_branch();
    git_commit *head = head_commit();
    if (branch != NULL) {
        printf("On branch %s\n", branch);
        put_tracking(branch, true);
    }
    else {
        put_detached(head);
    }
    bool staged = false, changed = false, unmerged = false, deleted = false, gone = false;
    for (size_t at = 0; at < changes->count; at++) {
        const struct entry *entry = &changes->entries[at];
        if (is_unmerged(entry)) {
            unmerged = true;
            gone |= entry->staged == 'D' || entry->changed == 'D';
            continue;
        }
        staged |= entry->staged != ' ';
        changed |= entry->changed != ' ';
        deleted |= entry->changed == 'D';
    }
    put_state(unmerged);
    /* As git: no advice to unstage while another commit's change is being taken over. */
    int state = git_repository_state(repo);
    bool advises = state == GIT_REPOSITORY_STATE_NONE || state == GIT_REPOSITORY_STATE_REVERT || state == GIT_REPOSITORY_STATE_REVERT_SEQUENCE;
    if (head == NULL) {
        fputs(look->for_commit ? "\nInitial commit\n\n" : "\nNo commits yet\n\n", stdout);
    }
    if (staged) {
        puts("Changes to be committed:");
        if (advises) {
            puts(head == NULL ? "  (use \"git rm --cached <file>...\" to unstage)" : "  (use \"git restore --staged <file>...\" to unstage)");
        }
        for (size_t at = 0; at < changes->count; at++) {
            const struct entry *entry = &changes->entries[at];
            if (is_unmerged(entry) || entry->staged == ' ') {
                continue;
            }
            printf("\t%s", label(entry->staged));
            if (entry->from != NULL) {
                printf("%s -> ", quoted(path_from_here(entry->from)));
            }
            puts(quoted(path_from_here(entry->path)));
        }
        putchar('\n');
    }
    if (unmerged) {
        puts("Unmerged paths:");
        if (advises && head != NULL) {
            puts("  (use \"git restore --staged <file>...\" to unstage)");
        }
        puts(gone ? "  (use \"git add/rm <file>...\" as appropriate to mark resolution)" : "  (use \"git add <file>...\" to mark resolution)");
        for (size_t at = 0; at < changes->count; at++) {
            const struct entry *entry = &changes->entries[at];
            if (is_unmerged(entry)) {
                printf("\t%s%s\n", unmerged_label(entry), quoted(path_from_here(entry->path)));
            }
        }
        putchar('\n');
    }
    if (changed) {
        printf("Changes not staged for commit:\n  (use \"git %s <file>...\" to update what will be committed)\n"
               "  (use \"git restore <file>...\" to discard changes in working directory)\n", deleted ? "add/rm" : "add");
        for (size_t at = 0; at < changes->count; at++) {
            const struct entry *entry = &changes->entries[at];
            if (!is_unmerged(entry) && entry->changed != ' ') {
                printf("\t%s%s\n", label(entry->changed), quoted(path_from_here(entry->path)));
            }
        }
        putchar('\n');
    }
    put_names("Untracked files:", "  (use \"git add <file>...\" to include in what will be committed)\n", &changes->untracked);
    put_names("Ignored files:", "  (use \"git add -f <file>...\" to include in what will be committed)\n", &changes->ignored);
    if (look->no_untracked && staged) {
        puts("Untracked files not listed (use -u option to show untracked files)");
    }
    if (staged) {
        return true;
    }
    if (changed || unmerged) {
        puts("no changes added to commit (use \"git add\" and/or \"git commit -a\")");
    }
    else if (changes->untracked.count > 0) {
        puts("nothing added to commit but untracked files present (use \"git add\" to track)");
    }
    else if (head == NULL) {
        puts("nothing to commit (create/copy files and use \"git add\" to track)");
    }
    else if (look->no_untracked) {
        puts("nothing to commit (use -u to show untracked files)");
    }
    else {
        puts("nothing to commit, working tree clean");
    }
    return false;
}

bool put_status(const struct status_look *look)
{
    struct changes changes = read_changes(look);
    if (look->is_short || look->is_porcelain) {
        put_short(look, &changes);
        return false;
    }
    return put_long(look, &changes);
}

int status_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, choices);
    struct status_look look = {.is_short = setting_is_on("status.short", false), .branch = setting_is_on("status.branch", false)};
    const char *untracked = setting("status.showUntrackedFiles");
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case SHORT: look.is_short = true; break;
        case LONG: look.is_short = false; break;
        case BRANCH: look.branch = !words.negated; break;
        case IGNORED: look.ignored = words.value == NULL || strcmp(words.value, "no") != 0; break;
        case UNTRACKED: untracked = words.negated ? "no" : words.value == NULL ? "all" : words.value; break;
        case ZERO:
            look.zero = true;
            look.is_porcelain |= !look.is_short;
            break;
        case PORCELAIN:
            if (words.value != NULL && strcmp(words.value, "v1") != 0 && strcmp(words.value, "1") != 0) {
                die(strcmp(words.value, "v2") == 0 || strcmp(words.value, "2") == 0 ? "--porcelain=v2 is not supported here; use v1"
                                                                                     : "unsupported porcelain version '%s'", words.value);
            }
            look.is_porcelain = true;
            look.branch = false;
            for (int at = 1; at < argc; at++) {
                look.branch |= strcmp(argv[at], "-b") == 0 || strcmp(argv[at], "--branch") == 0 || strcmp(argv[at], "-sb") == 0;
            }
            break;
        default: break;
        }
    }
    if (untracked != NULL) {
        look.no_untracked = strcmp(untracked, "no") == 0;
        look.all_untracked = strcmp(untracked, "all") == 0;
    }
    look.paths = paths_in_tree(words.rest, words.rest_count);
    put_status(&look);
    return ENDED_WELL;
}
