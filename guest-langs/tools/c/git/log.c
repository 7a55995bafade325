/* git log, show, rev-list, shortlog: commits one after the other. */
#include "graph.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ONELINE = 1, FORMAT, ALL, BRANCHES, TAGS, REMOTES, AUTHOR, GREP, SINCE, UNTIL, MERGES, NO_MERGES, REVERSE, FIRST_PARENT, COUNT, SKIP,
    DATE, DECORATE, ABBREV_COMMIT, GRAPH, TOPO, DATE_ORDER, PARENTS, FOLLOW, IGNORE_CASE, NO_WALK, NOTHING, LIMIT, WALK_REFLOGS, SUMMARY,
    NUMBERED, EMAIL, OBJECTS, LEFT_RIGHT, ZERO, PICKAXE, LINES,
};

#define LOG_CHOICES \
    {ONELINE, "oneline", 0, NONE}, {FORMAT, "format", 0, NEEDED}, {FORMAT, "pretty", 0, OPTIONAL}, {ALL, "all", 0, NONE}, \
    {BRANCHES, "branches", 0, OPTIONAL}, {TAGS, "tags", 0, OPTIONAL}, {REMOTES, "remotes", 0, OPTIONAL}, \
    {AUTHOR, "author", 0, NEEDED}, {AUTHOR, "committer", 0, NEEDED}, {GREP, "grep", 0, NEEDED}, {SINCE, "since", 0, NEEDED}, \
    {SINCE, "after", 0, NEEDED}, {UNTIL, "until", 0, NEEDED}, {UNTIL, "before", 0, NEEDED}, {MERGES, "merges", 0, NONE}, \
    {REVERSE, "reverse", 0, NONE}, {FIRST_PARENT, "first-parent", 0, NONE}, {COUNT, "count", 0, NONE}, {SKIP, "skip", 0, NEEDED}, \
    {DATE, "date", 0, NEEDED}, {DECORATE, "decorate", 0, OPTIONAL}, {ABBREV_COMMIT, "abbrev-commit", 0, NONE}, \
    {GRAPH, "graph", 0, NONE}, {TOPO, "topo-order", 0, NONE}, {DATE_ORDER, "date-order", 0, NONE}, {PARENTS, "parents", 0, NONE}, \
    {FOLLOW, "follow", 0, NONE}, {IGNORE_CASE, "regexp-ignore-case", 'i', NONE}, {NO_WALK, "no-walk", 0, NONE}, \
    {LIMIT, "max-count", 'n', NEEDED}, {NUMBER, NULL, 0, NONE}, {WALK_REFLOGS, "walk-reflogs", 'g', NONE}, {ZERO, NULL, 'z', NONE}, \
    {NOTHING, "full-history", 0, NONE}, {NOTHING, "extended-regexp", 'E', NONE}, {NOTHING, "no-color", 0, NONE}, \
    {NOTHING, "source", 0, NONE}, {OBJECTS, "objects", 0, NONE}, {PICKAXE, NULL, 'S', NEEDED}, {LINES, NULL, 'L', NEEDED}, \
    {NOTHING, "no-notes", 0, NONE}, {NOTHING, "no-mailmap", 0, NONE}, {NOTHING, "cc", 'c', NONE}, {NOTHING, NULL, 'm', NONE}, \
    {NOTHING, "no-show-signature", 0, NONE}

static const struct choice choices[] = {LOG_CHOICES, PATCH_CHOICES, {0}};
static const struct choice list_choices[] = {LOG_CHOICES, {0}};
static const struct choice short_choices[] = {
    {SUMMARY, "summary", 's', NONE}, {NUMBERED, "numbered", 'n', NONE}, {EMAIL, "email", 'e', NONE}, LOG_CHOICES, {0},
};

struct log {
    struct walk walk;
    struct look look;
    struct patch_look patch;
    bool count, no_walk;
};

static void take_option(struct log *log, const struct words *words, int id)
{
    const char *value = words->value;
    switch (id) {
    case ONELINE: set_look(&log->look, "oneline"); log->look.short_ids = true; break;
    case FORMAT: set_look(&log->look, value == NULL ? "medium" : value); break;
    case ALL: walk_add_all(&log->walk, "*"); log->no_walk |= false; break;
    case BRANCHES: walk_add_all(&log->walk, value == NULL ? "refs/heads/*" : text("refs/heads/%s", value)); break;
    case TAGS: walk_add_all(&log->walk, value == NULL ? "refs/tags/*" : text("refs/tags/%s", value)); break;
    case REMOTES: walk_add_all(&log->walk, "refs/remotes/*"); break;
    case AUTHOR: texts_add(&log->walk.authors, value); break;
    case GREP: texts_add(&log->walk.greps, value); break;
    case SINCE: log->walk.since = parse_date(value); break;
    case UNTIL: log->walk.until = parse_date(value); break;
    case MERGES: log->walk.merges = words->negated ? -1 : 1; break;
    case REVERSE: log->walk.reverse = true; break;
    case FIRST_PARENT: log->walk.first_parent = true; break;
    case COUNT: log->count = true; break;
    case SKIP: log->walk.skip = atol(value); break;
    case DATE: log->look.date = value; break;
    case DECORATE: log->look.decorates = !words->negated && (value == NULL || strcmp(value, "no") != 0); break;
    case ABBREV_COMMIT: log->look.short_ids = !words->negated; break;
    case GRAPH: log->look.graph = true; break;
    case TOPO: log->walk.topological = true; break;
    case DATE_ORDER: log->walk.topological = true; break;
    case PARENTS: log->look.parents = true; break;
    case IGNORE_CASE: log->walk.any_case = true; break;
    case NO_WALK: log->no_walk = !words->negated; break;
    case LIMIT: case NUMBER: log->walk.limit = atol(value); break;
    case ZERO: log->patch.zero = true; break;
    case WALK_REFLOGS: die("--walk-reflogs is not supported here; use git reflog");
    case PICKAXE: die("-S is not supported here");
    case LINES: die("-L is not supported here");
    case OBJECTS: die("--objects is not supported here");
    default: take_patch_option(&log->patch, id, value);
    }
}

static struct log begin(int argc, char **argv, const struct choice *which, struct words *words)
{
    open_repository();
    *words = words_of(argc, argv, which);
    struct log log = {.look = default_look()};
    log.walk.limit = -1;
    log.look.decorates = isatty(STDOUT_FILENO);
    log.look.short_ids = setting_is_on("log.abbrevCommit", false);
    return log;
}

static void take_revisions(struct log *log, struct words *words, bool needs_some)
{
    int count = count_revisions(words);
    for (int at = 0; at < count; at++) {
        if (!walk_add(&log->walk, words->rest[at])) {
            die_ambiguous(words->rest[at]);
        }
    }
    log->walk.paths = paths_in_tree(words->rest + count, words->rest_count - count);
    if (log->walk.tip_count == 0) {
        if (needs_some) {
            usage("git rev-list [<options>] <commit>... [--] [<path>...]");
        }
        if (!walk_add(&log->walk, "HEAD")) {
            char *branch = current_branch();
            if (branch != NULL) {
                die("your current branch '%s' does not have any commits yet", branch);
            }
            die("bad default revision 'HEAD'");
        }
    }
}

/* A commit and what it changed. */
static void put_with_diff(struct log *log, git_commit *commit, git_strarray paths, bool shows_patch, bool shows_merges)
{
    git_diff *diff = NULL;
    bool any = false, merge = git_commit_parentcount(commit) > 1 && !log->walk.first_parent;
    bool counts = log->patch.stat || log->patch.short_stat || log->patch.number_stat || log->patch.summary;
    if (shows_patch && (!merge || (shows_merges && counts))) {
        diff = diff_of_commit(commit, &log->patch, paths);
        any = git_diff_num_deltas(diff) > 0 && !log->patch.none;
    }
    put_commit(&log->look, commit);
    if (any) {
        if (*log->look.format != '\0' && strcmp(log->look.format, "oneline") != 0) {
            if (log->patch.stat && log->patch.patch) {
                fputs("---", stdout);
            }
            putchar('\n');
        }
        put_diff(diff, &log->patch);
    }
    else if (merge && shows_merges && !log->patch.none && !log->look.ends_lines) {
        /* What was changed against all parents would stand here. */
        putchar('\n');
    }
    git_diff_free(diff);
}

static int put_graph(struct log *log)
{
    log->walk.topological = true;
    struct graph *graph = graph_of(&log->walk);
    bool any = false;
    for (git_commit *commit; (commit = walk_next(&log->walk)) != NULL; any = true) {
        char *message = commit_text(&log->look, commit);
        graph_take(graph, commit);
        bool separates = any && !log->look.ends_lines && !log->look.is_pattern;
        graph_put(graph, message, separates);
        free(message);
        git_commit_free(commit);
    }
    return ENDED_WELL;
}

int log_command(int argc, char **argv)
{
    struct words words;
    struct log log = begin(argc, argv, choices, &words);
    for (int id; (id = next_option(&words)) != 0;) {
        take_option(&log, &words, id);
    }
    take_revisions(&log, &words, false);
    bool shows_patch = patch_look_is_set(&log.patch);
    if (log.look.graph) {
        if (shows_patch || log.walk.reverse || log.walk.paths.count > 0) {
            die("--graph with paths, differences or --reverse is not supported here");
        }
        return put_graph(&log);
    }
    for (git_commit *commit; (commit = walk_next(&log.walk)) != NULL;) {
        put_with_diff(&log, commit, log.walk.paths, shows_patch, false);
        git_commit_free(commit);
    }
    return ENDED_WELL;
}

/* ---- show ---- */

static void put_tag(struct log *log, git_tag *tag)
{
    static bool any;
    const git_signature *tagger = git_tag_tagger(tag);
    printf("%stag %s\n", any ? "\n" : "", git_tag_name(tag));
    any = true;
    if (tagger != NULL) {
        printf("Tagger: %s <%s>\nDate:   %s\n", tagger->name, tagger->email, date_text(&tagger->when, log->look.date));
    }
    printf("\n%s\n", git_tag_message(tag) == NULL ? "" : git_tag_message(tag));
}

static void show_tree(const char *name, git_tree *tree)
{
    printf("tree %s\n\n", name);
    for (size_t at = 0; at < git_tree_entrycount(tree); at++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, at);
        printf("%s%s\n", git_tree_entry_name(entry), git_tree_entry_type(entry) == GIT_OBJECT_TREE ? "/" : "");
    }
}

static void show_object(struct log *log, const char *name, git_object *object, git_strarray paths)
{
    switch (git_object_type(object)) {
    case GIT_OBJECT_TAG: {
        git_object *target;
        put_tag(log, (git_tag *)object);
        must(git_tag_target(&target, (git_tag *)object));
        show_object(log, name, target, paths);
        break;
    }
    case GIT_OBJECT_COMMIT:
        put_with_diff(log, (git_commit *)object, paths, true, true);
        break;
    case GIT_OBJECT_TREE: show_tree(name, (git_tree *)object); break;
    case GIT_OBJECT_BLOB:
        fwrite(git_blob_rawcontent((git_blob *)object), 1, git_blob_rawsize((git_blob *)object), stdout);
        break;
    default: die("bad object %s", name);
    }
}

int show_command(int argc, char **argv)
{
    struct words words;
    struct log log = begin(argc, argv, choices, &words);
    for (int id; (id = next_option(&words)) != 0;) {
        take_option(&log, &words, id);
    }
    if (!patch_look_is_set(&log.patch)) {
        log.patch.patch = true;
    }
    int count = count_revisions(&words);
    git_strarray paths = paths_in_tree(words.rest + count, words.rest_count - count);
    if (count == 0) {
        words.rest[0] = "HEAD";
        count = 1;
    }
    for (int at = 0; at < count; at++) {
        const char *word = words.rest[at];
        git_object *object = find_object(word);
        if (object != NULL) {
            show_object(&log, word, object, paths);
            continue;
        }
        if (!walk_add(&log.walk, word)) {
            char *branch = current_branch();
            if (strcmp(word, "HEAD") == 0 && branch != NULL) {
                die("your current branch '%s' does not have any commits yet", branch);
            }
            die_ambiguous(word);
        }
        for (git_commit *commit; (commit = walk_next(&log.walk)) != NULL;) {
            put_with_diff(&log, commit, paths, true, true);
        }
    }
    return ENDED_WELL;
}

/* ---- rev-list ---- */

int rev_list_command(int argc, char **argv)
{
    struct words words;
    struct log log = begin(argc, argv, list_choices, &words);
    bool formatted = false;
    log.look.short_ids = false;
    for (int id; (id = next_option(&words)) != 0;) {
        formatted |= id == ONELINE || id == FORMAT;
        take_option(&log, &words, id);
    }
    take_revisions(&log, &words, log.walk.tip_count == 0);
    size_t count = 0;
    for (git_commit *commit; (commit = walk_next(&log.walk)) != NULL; count++) {
        if (!log.count && formatted) {
            if (log.look.is_pattern) {
                printf("commit %s\n", whole_id(git_commit_id(commit)));
            }
            put_commit(&log.look, commit);
        }
        else if (!log.count) {
            fputs(log.look.short_ids ? short_id(git_commit_id(commit)) : whole_id(git_commit_id(commit)), stdout);
            for (unsigned at = 0; log.look.parents && at < git_commit_parentcount(commit); at++) {
                printf(" %s", whole_id(git_commit_parent_id(commit, at)));
            }
            putchar('\n');
        }
        git_commit_free(commit);
    }
    if (log.count) {
        printf("%zu\n", count);
    }
    return ENDED_WELL;
}

/* ---- shortlog ---- */

struct author {
    char *name;
    struct texts subjects;
};

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct author *)left)->name, ((const struct author *)right)->name);
}

static int by_count(const void *left, const void *right)
{
    size_t l = ((const struct author *)left)->subjects.count, r = ((const struct author *)right)->subjects.count;
    return l != r ? (l < r) - (l > r) : by_name(left, right);
}

int shortlog_command(int argc, char **argv)
{
    struct words words;
    struct log log = begin(argc, argv, short_choices, &words);
    bool summary = false, numbered = false, email = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case SUMMARY: summary = true; break;
        case NUMBERED: numbered = true; break;
        case EMAIL: email = true; break;
        default: take_option(&log, &words, id);
        }
    }
    take_revisions(&log, &words, false);
    struct author *authors = NULL;
    size_t count = 0;
    for (git_commit *commit; (commit = walk_next(&log.walk)) != NULL;) {
        const git_signature *who = git_commit_author(commit);
        char *name = email ? text("%s <%s>", who->name, who->email) : text("%s", who->name);
        size_t at = 0;
        while (at < count && strcmp(authors[at].name, name) != 0) {
            at++;
        }
        if (at == count) {
            authors = room(authors, (count + 1) * sizeof *authors);
            authors[count++] = (struct author){.name = name};
        }
        texts_add(&authors[at].subjects, subject_of(commit));
        git_commit_free(commit);
    }
    if (count > 0) {
        qsort(authors, count, sizeof *authors, numbered ? by_count : by_name);
    }
    for (size_t at = 0; at < count; at++) {
        if (summary) {
            printf("%6zu\t%s\n", authors[at].subjects.count, authors[at].name);
            continue;
        }
        printf("%s (%zu):\n", authors[at].name, authors[at].subjects.count);
        for (size_t subject = authors[at].subjects.count; subject-- > 0;) {
            printf("      %s\n", authors[at].subjects.list[subject]);
        }
        putchar('\n');
    }
    return ENDED_WELL;
}
