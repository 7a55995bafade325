/* Names of commits and other objects. */
#include "git.h"
#include <stdlib.h>
#include <string.h>

git_object *find_object(const char *name)
{
    git_object *found = NULL;
    if (strcmp(name, "-") == 0) {
        name = "@{-1}";
    }
    return git_revparse_single(&found, repo, name) == 0 ? found : NULL;
}

git_commit *find_commit(const char *name)
{
    git_object *found = find_object(name), *commit = NULL;
    if (found == NULL || git_object_peel(&commit, found, GIT_OBJECT_COMMIT) != 0) {
        return NULL;
    }
    git_object_free(found);
    return (git_commit *)commit;
}

git_commit *commit_of(const git_oid *id)
{
    git_commit *commit;
    must(git_commit_lookup(&commit, repo, id));
    return commit;
}

void die_ambiguous(const char *word)
{
    die("ambiguous argument '%s': unknown revision or path not in the working tree.\n"
        "Use '--' to separate paths from revisions, like this:\n"
        "'git <command> [<revision>...] -- [<file>...]'", word);
}

git_commit *need_commit(const char *name)
{
    git_commit *commit = find_commit(name);
    if (commit == NULL) {
        die_ambiguous(name);
    }
    return commit;
}

git_tree *tree_of(git_commit *commit)
{
    git_tree *tree = NULL;
    if (commit != NULL) {
        must(git_commit_tree(&tree, commit));
    }
    return tree;
}

git_tree *need_tree(const char *name)
{
    git_object *found = find_object(name), *tree = NULL;
    if (found == NULL) {
        die("Not a valid object name %s", name);
    }
    if (git_object_peel(&tree, found, GIT_OBJECT_TREE) != 0) {
        die("not a tree object");
    }
    return (git_tree *)tree;
}

git_commit *head_commit(void)
{
    git_oid id;
    git_commit *commit;
    if (git_reference_name_to_id(&id, repo, "HEAD") != 0) {
        return NULL;
    }
    must(git_commit_lookup(&commit, repo, &id));
    return commit;
}

enum { ID_TEXTS = 8, ID_LENGTH = 41 };

static char *next_id_text(void)
{
    static char kept[ID_TEXTS][ID_LENGTH];
    static int next;
    next = (next + 1) % ID_TEXTS;
    return kept[next];
}

const char *short_id(const git_oid *id)
{
    char *out = next_id_text();
    git_object *object;
    git_buf brief = {0};
    if (git_object_lookup(&object, repo, id, GIT_OBJECT_ANY) == 0) {
        if (git_object_short_id(&brief, object) == 0) {
            snprintf(out, ID_LENGTH, "%s", brief.ptr);
            git_buf_dispose(&brief);
            git_object_free(object);
            return out;
        }
        git_object_free(object);
    }
    return git_oid_tostr(out, 8, id);
}

const char *whole_id(const git_oid *id)
{
    return git_oid_tostr(next_id_text(), ID_LENGTH, id);
}

const char *short_name(const char *reference)
{
    static const char *const heads[] = {"refs/heads/", "refs/tags/", "refs/remotes/", "refs/"};
    for (size_t at = 0; at < sizeof heads / sizeof *heads; at++) {
        size_t length = strlen(heads[at]);
        if (strncmp(reference, heads[at], length) == 0) {
            return reference + length;
        }
    }
    return reference;
}

char *current_branch(void)
{
    git_reference *head;
    if (git_reference_lookup(&head, repo, "HEAD") != 0 || git_reference_type(head) != GIT_REFERENCE_SYMBOLIC) {
        return NULL;
    }
    return text("%s", short_name(git_reference_symbolic_target(head)));
}

/* Whether a word is a revision or a range of them. */
static bool is_revision(const char *word)
{
    struct walk walk = {0};
    if (strcmp(word, "--all") == 0 || walk_add(&walk, word)) {
        return true;
    }
    git_object *found = find_object(word);
    git_object_free(found);
    return found != NULL;
}

int count_revisions(const struct words *words)
{
    if (words->dashes >= 0) {
        return words->dashes;
    }
    int count = 0;
    while (count < words->rest_count && is_revision(words->rest[count])) {
        if (path_exists(words->rest[count]) && strpbrk(words->rest[count], "*?[:") == NULL) {
            die("ambiguous argument '%s': both revision and filename\n"
                "Use '--' to separate paths from revisions, like this:\n"
                "'git <command> [<revision>...] -- [<file>...]'", words->rest[count]);
        }
        count++;
    }
    for (int at = count; at < words->rest_count; at++) {
        if (!path_exists(words->rest[at])) {
            die_ambiguous(words->rest[at]);
        }
    }
    return count;
}
