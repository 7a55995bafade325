/* Commits in git's order, and only those that are asked for. */
#include "git.h"
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct walker {
    git_revwalk *all;
    /* Commits to come, the latest first; among equals in the order of their arrival. */
    struct waiting {
        git_commit *commit;
        size_t arrival;
    } *heap;
    size_t count, arrivals;
    /* Ids that have been waiting, as a table with open places. */
    git_oid *seen;
    size_t seen_count, seen_size;
    /* Ids that can be reached from what is hidden, sorted; only when something is. */
    git_oid *included;
    size_t included_count;
    bool limited;
    git_pathspec *paths;
    regex_t *authors, *greps;
    git_commit **backwards;
    size_t backwards_count;
    long shown, passed;
};

static void add_id(git_oid **list, size_t *count, const git_oid *id)
{
    if ((*count & (*count - 1)) == 0) {
        *list = room(*list, (*count == 0 ? 1 : *count * 2) * sizeof **list);
    }
    (*list)[(*count)++] = *id;
}

static bool commit_id(const char *name, size_t length, git_oid *out)
{
    git_commit *commit = find_commit(length == 0 ? "HEAD" : text("%.*s", (int)length, name));
    if (commit == NULL) {
        return false;
    }
    *out = *git_commit_id(commit);
    git_commit_free(commit);
    return true;
}

bool walk_add(struct walk *walk, const char *word)
{
    git_oid left, right;
    const char *dots = strstr(word, "..");
    size_t length = strlen(word);
    if (word[0] == '^' && word[1] != '\0') {
        if (!commit_id(word + 1, length - 1, &left)) {
            return false;
        }
        add_id(&walk->hidden, &walk->hidden_count, &left);
        return true;
    }
    if (dots != NULL && strchr(word, '/') != word && length > 2) {
        bool symmetric = dots[2] == '.';
        const char *behind = dots + 2 + symmetric;
        if (!commit_id(word, (size_t)(dots - word), &left) || !commit_id(behind, strlen(behind), &right)) {
            return false;
        }
        if (symmetric) {
            git_oidarray bases = {0};
            git_merge_bases(&bases, repo, &left, &right);
            for (size_t at = 0; at < bases.count; at++) {
                add_id(&walk->hidden, &walk->hidden_count, &bases.ids[at]);
            }
            add_id(&walk->tips, &walk->tip_count, &left);
        }
        else {
            add_id(&walk->hidden, &walk->hidden_count, &left);
        }
        add_id(&walk->tips, &walk->tip_count, &right);
        return true;
    }
    if (length > 2 && (strcmp(word + length - 2, "^@") == 0 || strcmp(word + length - 2, "^!") == 0)) {
        if (!commit_id(word, length - 2, &left)) {
            return false;
        }
        bool only = word[length - 1] == '!';
        git_commit *commit = commit_of(&left);
        for (unsigned at = 0; at < git_commit_parentcount(commit); at++) {
            add_id(only ? &walk->hidden : &walk->tips, only ? &walk->hidden_count : &walk->tip_count, git_commit_parent_id(commit, at));
        }
        if (only) {
            add_id(&walk->tips, &walk->tip_count, &left);
        }
        return true;
    }
    if (!commit_id(word, length, &left)) {
        return false;
    }
    add_id(&walk->tips, &walk->tip_count, &left);
    return true;
}

void walk_add_all(struct walk *walk, const char *pattern)
{
    git_reference_iterator *references;
    git_reference *reference;
    git_oid id;
    if (strcmp(pattern, "*") == 0 && git_reference_name_to_id(&id, repo, "HEAD") == 0) {
        add_id(&walk->tips, &walk->tip_count, &id);
    }
    must(git_reference_iterator_new(&references, repo));
    while (git_reference_next(&reference, references) == 0) {
        git_object *commit;
        if (fnmatch(pattern, git_reference_name(reference), 0) == 0
            && git_reference_peel(&commit, reference, GIT_OBJECT_COMMIT) == 0) {
            add_id(&walk->tips, &walk->tip_count, git_object_id(commit));
            git_object_free(commit);
        }
        git_reference_free(reference);
    }
    git_reference_iterator_free(references);
}

/* ---- the queue ---- */

static size_t hash(const git_oid *id)
{
    size_t value;
    memcpy(&value, id->id, sizeof value);
    return value;
}

/* Notes an id; false when it was known. */
static bool note(struct walker *walker, const git_oid *id)
{
    if (walker->seen_count * 2 >= walker->seen_size) {
        size_t size = walker->seen_size == 0 ? 256 : walker->seen_size * 2, before = walker->seen_size;
        git_oid *old = walker->seen;
        walker->seen = room(NULL, size * sizeof *walker->seen);
        memset(walker->seen, 0, size * sizeof *walker->seen);
        walker->seen_size = size;
        walker->seen_count = 0;
        for (size_t at = 0; at < before; at++) {
            if (!git_oid_is_zero(&old[at])) {
                note(walker, &old[at]);
            }
        }
        free(old);
    }
    size_t place = hash(id) & (walker->seen_size - 1);
    for (; !git_oid_is_zero(&walker->seen[place]); place = (place + 1) & (walker->seen_size - 1)) {
        if (git_oid_equal(&walker->seen[place], id)) {
            return false;
        }
    }
    walker->seen[place] = *id;
    walker->seen_count++;
    return true;
}

static bool before(const struct waiting *left, const struct waiting *right)
{
    git_time_t l = git_commit_time(left->commit), r = git_commit_time(right->commit);
    return l != r ? l > r : left->arrival < right->arrival;
}

static int by_id(const void *left, const void *right)
{
    return git_oid_cmp(left, right);
}

bool walk_includes(const struct walk *walk, const git_oid *id)
{
    const struct walker *walker = walk->walker;
    return !walker->limited || bsearch(id, walker->included, walker->included_count, sizeof *id, by_id) != NULL;
}

static void await(struct walker *walker, const git_oid *id)
{
    if ((walker->limited && bsearch(id, walker->included, walker->included_count, sizeof *id, by_id) == NULL) || !note(walker, id)) {
        return;
    }
    if ((walker->count & (walker->count - 1)) == 0) {
        walker->heap = room(walker->heap, (walker->count == 0 ? 1 : walker->count * 2) * sizeof *walker->heap);
    }
    struct waiting coming = {commit_of(id), walker->arrivals++};
    size_t at = walker->count++;
    for (; at > 0 && before(&coming, &walker->heap[(at - 1) / 2]); at = (at - 1) / 2) {
        walker->heap[at] = walker->heap[(at - 1) / 2];
    }
    walker->heap[at] = coming;
}

static git_commit *first_waiting(struct walker *walker)
{
    git_commit *first = walker->heap[0].commit;
    struct waiting last = walker->heap[--walker->count];
    size_t at = 0;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= walker->count) {
            break;
        }
        child += child + 1 < walker->count && before(&walker->heap[child + 1], &walker->heap[child]);
        if (!before(&walker->heap[child], &last)) {
            break;
        }
        walker->heap[at] = walker->heap[child];
        at = child;
    }
    walker->heap[at] = last;
    return first;
}

/* ---- what is shown ---- */

static regex_t *patterns(const struct texts *texts, bool any_case)
{
    if (texts->count == 0) {
        return NULL;
    }
    regex_t *made = room(NULL, texts->count * sizeof *made);
    for (size_t at = 0; at < texts->count; at++) {
        if (regcomp(&made[at], texts->list[at], REG_NOSUB | REG_NEWLINE | (any_case ? REG_ICASE : 0)) != 0) {
            die("invalid pattern: %s", texts->list[at]);
        }
    }
    return made;
}

static git_time_t time_of(const git_oid *id)
{
    git_commit *commit = commit_of(id);
    git_time_t when = git_commit_time(commit);
    git_commit_free(commit);
    return when;
}

static int by_time(const void *left, const void *right)
{
    git_time_t l = time_of(left), r = time_of(right);
    return (l > r) - (l < r);
}

static void push_all(const struct walk *walk)
{
    struct walker *walker = walk->walker;
    git_revwalk_reset(walker->all);
    /* libgit2 takes the last first, git the latest: what comes first in a topological order depends on it. */
    if (walk->topological && walk->tip_count > 1) {
        qsort(walk->tips, walk->tip_count, sizeof *walk->tips, by_time);
    }
    for (size_t at = 0; at < walk->tip_count; at++) {
        must(git_revwalk_push(walker->all, &walk->tips[at]));
    }
    for (size_t at = 0; at < walk->hidden_count; at++) {
        must(git_revwalk_hide(walker->all, &walk->hidden[at]));
    }
    if (walk->first_parent) {
        git_revwalk_simplify_first_parent(walker->all);
    }
}

static void begin(struct walk *walk)
{
    struct walker *walker = walk->walker = room(NULL, sizeof *walker);
    memset(walker, 0, sizeof *walker);
    walker->authors = patterns(&walk->authors, walk->any_case);
    walker->greps = patterns(&walk->greps, walk->any_case);
    if (walk->paths.count > 0) {
        must(git_pathspec_new(&walker->paths, &walk->paths));
    }
    must(git_revwalk_new(&walker->all, repo));
    push_all(walk);
    walker->limited = walk->hidden_count > 0;
    git_oid id;
    while (walker->limited && git_revwalk_next(&id, walker->all) == 0) {
        add_id(&walker->included, &walker->included_count, &id);
    }
    if (walker->included_count > 1) {
        qsort(walker->included, walker->included_count, sizeof id, by_id);
    }
    if (walk->topological && walker->paths == NULL) {
        push_all(walk);
        git_revwalk_sorting(walker->all, GIT_SORT_TOPOLOGICAL | (walk->by_date ? GIT_SORT_TIME : 0));
        return;
    }
    git_revwalk_free(walker->all);
    walker->all = NULL;
    for (size_t at = 0; at < walk->tip_count; at++) {
        await(walker, &walk->tips[at]);
    }
}

/* Whether a commit has the same files, of those that matter, as its parent. */
static bool same_files(const struct walk *walk, git_commit *commit, git_commit *parent)
{
    git_tree *left = tree_of(parent), *right = tree_of(commit);
    bool same = left != NULL && git_oid_equal(git_tree_id(left), git_tree_id(right));
    if (!same) {
        git_diff_options options = GIT_DIFF_OPTIONS_INIT;
        options.pathspec = walk->paths;
        options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
        git_diff *diff;
        must(git_diff_tree_to_tree(&diff, repo, left, right, &options));
        same = git_diff_num_deltas(diff) == 0;
        git_diff_free(diff);
    }
    git_tree_free(left);
    git_tree_free(right);
    return same;
}

/* Lets the parents wait; false when the commit itself is to be left out for its paths. */
static bool follow(struct walk *walk, git_commit *commit)
{
    struct walker *walker = walk->walker;
    unsigned count = git_commit_parentcount(commit);
    bool changed = true;
    if (walker->paths != NULL) {
        if (count == 0) {
            return !same_files(walk, commit, NULL);
        }
        for (unsigned at = 0; at < count; at++) {
            git_commit *parent;
            must(git_commit_parent(&parent, commit, at));
            bool same = same_files(walk, commit, parent);
            git_commit_free(parent);
            if (same) {
                /* As git simplifies a history: what came from here came from this parent. */
                await(walker, git_commit_parent_id(commit, at));
                return false;
            }
            changed = true;
        }
    }
    for (unsigned at = 0; at < count && !(walk->first_parent && at > 0); at++) {
        await(walker, git_commit_parent_id(commit, at));
    }
    return changed;
}

static bool matches(const regex_t *patterns, size_t count, const char *words)
{
    for (size_t at = 0; at < count; at++) {
        if (regexec(&patterns[at], words, 0, NULL, 0) == 0) {
            return true;
        }
    }
    return count == 0;
}

static bool is_wanted(const struct walk *walk, git_commit *commit)
{
    struct walker *walker = walk->walker;
    unsigned parents = git_commit_parentcount(commit);
    git_time_t when = git_commit_time(commit);
    if ((walk->merges > 0 && parents < 2) || (walk->merges < 0 && parents > 1) || (walk->since != 0 && when < walk->since)
        || (walk->until != 0 && when > walk->until)) {
        return false;
    }
    if (walker->authors != NULL) {
        const git_signature *author = git_commit_author(commit);
        char *words = text("%s <%s>", author->name, author->email);
        bool match = matches(walker->authors, walk->authors.count, words);
        free(words);
        if (!match) {
            return false;
        }
    }
    return walker->greps == NULL || matches(walker->greps, walk->greps.count, git_commit_message(commit));
}

static git_commit *next_in_order(struct walk *walk)
{
    struct walker *walker = walk->walker;
    for (;;) {
        git_commit *commit;
        bool shown = true;
        if (walker->all != NULL) {
            git_oid id;
            if (git_revwalk_next(&id, walker->all) != 0) {
                return NULL;
            }
            commit = commit_of(&id);
        }
        else {
            if (walker->count == 0) {
                return NULL;
            }
            commit = first_waiting(walker);
            shown = follow(walk, commit);
        }
        if (shown && is_wanted(walk, commit)) {
            if (walker->passed++ >= walk->skip) {
                if (walk->limit >= 0 && walker->shown >= walk->limit) {
                    git_commit_free(commit);
                    return NULL;
                }
                walker->shown++;
                return commit;
            }
        }
        git_commit_free(commit);
    }
}

git_commit *walk_next(struct walk *walk)
{
    bool first = walk->walker == NULL;
    if (first) {
        begin(walk);
    }
    struct walker *walker = walk->walker;
    if (!walk->reverse) {
        return next_in_order(walk);
    }
    if (first) {
        for (git_commit *commit; (commit = next_in_order(walk)) != NULL;) {
            if ((walker->backwards_count & (walker->backwards_count - 1)) == 0) {
                walker->backwards = room(walker->backwards, (walker->backwards_count == 0 ? 1 : walker->backwards_count * 2)
                                                                * sizeof *walker->backwards);
            }
            walker->backwards[walker->backwards_count++] = commit;
        }
    }
    return walker->backwards_count == 0 ? NULL : walker->backwards[--walker->backwards_count];
}
