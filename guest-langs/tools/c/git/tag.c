/* git tag, and describe. */
#include "refs.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST = 1, ANNOTATE, MESSAGE, FILE_OF_MESSAGE, FORCE, DELETE, SORT, LINES, POINTS_AT, CONTAINS, MERGED, FORMAT, NOTHING, SIGN, EDIT,
    TAGS, ALWAYS, DIRTY, LONG_FORM, ABBREV, MATCH, EXACT, ALL, FIRST_PARENT, CANDIDATES,
};

static const struct choice tag_choices[] = {
    {LIST, "list", 'l', NONE}, {ANNOTATE, "annotate", 'a', NONE}, {MESSAGE, "message", 'm', NEEDED}, {FILE_OF_MESSAGE, "file", 'F', NEEDED},
    {FORCE, "force", 'f', NONE}, {DELETE, "delete", 'd', NONE}, {SORT, "sort", 0, NEEDED}, {LINES, NULL, 'n', OPTIONAL},
    {POINTS_AT, "points-at", 0, LAST}, {CONTAINS, "contains", 0, LAST}, {MERGED, "merged", 0, LAST},
    {FORMAT, "format", 0, NEEDED}, {SIGN, "sign", 's', NONE}, {NOTHING, "color", 0, OPTIONAL}, {NOTHING, "column", 0, OPTIONAL},
    {NOTHING, "cleanup", 0, NEEDED}, {0},
};
static const struct choice describe_choices[] = {
    {TAGS, "tags", 0, NONE}, {ALWAYS, "always", 0, NONE}, {DIRTY, "dirty", 0, OPTIONAL}, {LONG_FORM, "long", 0, NONE},
    {ABBREV, "abbrev", 0, NEEDED}, {MATCH, "match", 0, NEEDED}, {EXACT, "exact-match", 0, NONE}, {ALL, "all", 0, NONE},
    {FIRST_PARENT, "first-parent", 0, NONE}, {CANDIDATES, "candidates", 0, NEEDED}, {0},
};

struct asked {
    const char *key, *format;
    long lines;
    git_object *at;
    git_commit *contains, *merged;
};

static bool reaches(const git_commit *from, const git_commit *to)
{
    return from != NULL && to != NULL
           && (git_oid_equal(git_commit_id(from), git_commit_id(to)) || git_graph_descendant_of(repo, git_commit_id(from), git_commit_id(to)) == 1);
}

static void put_lines(const struct reference *tag, long most)
{
    bool annotated = git_object_type(tag->object) == GIT_OBJECT_TAG;
    const char *message = annotated ? git_tag_message((git_tag *)tag->object) : tag->commit == NULL ? "" : git_commit_message(tag->commit);
    printf("%-15s ", short_name(tag->name));
    for (long at = 0; at < most && message != NULL && *message != '\0'; at++) {
        size_t length = strcspn(message, "\n");
        printf("%s%.*s\n", at == 0 ? "" : "    ", (int)length, message);
        message += length + (message[length] == '\n');
    }
}

static int list(const struct asked *asked, char **patterns, int count)
{
    size_t tags;
    struct reference *all = read_references("refs/tags/", &tags);
    sort_references(all, tags, asked->key);
    for (size_t at = 0; at < tags; at++) {
        bool wanted = count == 0;
        for (int which = 0; which < count; which++) {
            wanted |= fnmatch(patterns[which], short_name(all[at].name), 0) == 0;
        }
        if (!wanted || (asked->contains != NULL && !reaches(all[at].commit, asked->contains))
            || (asked->merged != NULL && !reaches(asked->merged, all[at].commit))
            || (asked->at != NULL && !git_oid_equal(&all[at].id, git_object_id(asked->at))
                && (all[at].commit == NULL || !git_oid_equal(git_commit_id(all[at].commit), git_object_id(asked->at))))) {
            continue;
        }
        if (asked->format != NULL) {
            put_reference(asked->format, &all[at]);
            putchar('\n');
        }
        else if (asked->lines > 0) {
            put_lines(&all[at], asked->lines);
        }
        else {
            puts(short_name(all[at].name));
        }
    }
    return ENDED_WELL;
}

static int delete_tags(char **names, int count)
{
    int status = ENDED_WELL;
    for (int at = 0; at < count; at++) {
        git_oid id;
        if (git_reference_name_to_id(&id, repo, text("refs/tags/%s", names[at])) != 0) {
            status = complain("tag '%s' not found.", names[at]);
            continue;
        }
        must(git_tag_delete(repo, names[at]));
        printf("Deleted tag '%s' (was %s)\n", names[at], short_id(&id));
    }
    return status;
}

static int create(const char *name, const char *target_name, char *message, bool annotated, bool force)
{
    git_object *target = find_object(target_name == NULL ? "HEAD" : target_name);
    int valid = 0;
    if (git_tag_name_is_valid(&valid, name) != 0 || !valid) {
        die("'%s' is not a valid tag name.", name);
    }
    if (target == NULL) {
        die("Failed to resolve '%s' as a valid ref.", target_name == NULL ? "HEAD" : target_name);
    }
    git_oid before, id;
    bool exists = git_reference_name_to_id(&before, repo, text("refs/tags/%s", name)) == 0;
    if (exists && !force) {
        die("tag '%s' already exists", name);
    }
    if (annotated || message != NULL) {
        if (message == NULL) {
            message = edit_message("\n#\n# Write a message for tag:\n#\n# Lines starting with '#' will be ignored.\n");
            if (message == NULL) {
                say("Please supply the message using either -m or -F option.");
                return ENDED_BADLY;
            }
            message = clean_message(message, true);
            if (*message == '\0') {
                die("no tag message?");
            }
        }
        must(git_tag_create(&id, repo, name, target, committer_now(), clean_message(message, false), force));
    }
    else {
        must(git_tag_create_lightweight(&id, repo, name, target, force));
    }
    if (exists && !git_oid_equal(&before, &id)) {
        printf("Updated tag '%s' (was %s)\n", name, short_id(&before));
    }
    return ENDED_WELL;
}

int tag_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, tag_choices);
    struct asked asked = {.key = setting("tag.sort") == NULL ? "refname" : setting("tag.sort")};
    char *message = NULL;
    bool lists = false, annotated = false, force = false, deletes = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case LIST: lists = true; break;
        case ANNOTATE: annotated = true; break;
        case MESSAGE: message = message == NULL ? text("%s\n", words.value) : text("%s\n%s\n", message, words.value); break;
        case FILE_OF_MESSAGE:
            message = read_whole_file(words.value, NULL);
            if (message == NULL) {
                die("could not open or read '%s'", words.value);
            }
            break;
        case FORCE: force = true; break;
        case DELETE: deletes = true; break;
        case SORT: asked.key = words.value; break;
        case LINES: asked.lines = words.value == NULL ? 1 : atol(words.value); lists = true; break;
        case FORMAT: asked.format = words.value; lists = true; break;
        case POINTS_AT: asked.at = find_object(words.value == NULL ? "HEAD" : words.value); lists = true; break;
        case CONTAINS: asked.contains = need_commit(words.value == NULL ? "HEAD" : words.value); lists = true; break;
        case MERGED: asked.merged = need_commit(words.value == NULL ? "HEAD" : words.value); lists = true; break;
        case SIGN: die("signing is not supported here");
        default: break;
        }
    }
    if (deletes) {
        return delete_tags(words.rest, words.rest_count);
    }
    if (lists || words.rest_count == 0) {
        return list(&asked, words.rest, words.rest_count);
    }
    if (words.rest_count > 2) {
        die("too many arguments");
    }
    return create(words.rest[0], words.rest_count > 1 ? words.rest[1] : NULL, message, annotated, force);
}

/* ---- describe ---- */

int describe_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, describe_choices);
    git_describe_options options = GIT_DESCRIBE_OPTIONS_INIT;
    git_describe_format_options format = GIT_DESCRIBE_FORMAT_OPTIONS_INIT;
    bool dirty = false, always = false, exact = false;
    const char *suffix = "-dirty";
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case TAGS: options.describe_strategy = GIT_DESCRIBE_TAGS; break;
        case ALL: options.describe_strategy = GIT_DESCRIBE_ALL; break;
        case ALWAYS: always = true; options.show_commit_oid_as_fallback = 1; break;
        case DIRTY: dirty = true; suffix = words.value == NULL ? suffix : words.value; break;
        case LONG_FORM: format.always_use_long_format = 1; break;
        case ABBREV: format.abbreviated_size = (unsigned)atoi(words.value); break;
        case MATCH: options.pattern = words.value; break;
        case EXACT: exact = true; options.max_candidates_tags = 0; break;
        case FIRST_PARENT: options.only_follow_first_parent = 1; break;
        case CANDIDATES: options.max_candidates_tags = (unsigned)atoi(words.value); break;
        default: break;
        }
    }
    git_commit *commit = need_commit(words.rest_count > 0 ? words.rest[0] : "HEAD");
    git_describe_result *result;
    git_buf shown = {0};
    int failed = git_describe_commit(&result, (git_object *)commit, &options);
    if (failed != 0 || git_describe_format(&shown, result, &format) != 0) {
        size_t count;
        read_references("refs/tags/", &count);
        if (always) {
            printf("%s\n", short_id(git_commit_id(commit)));
            return ENDED_WELL;
        }
        if (exact) {
            die("no tag exactly matches '%s'", whole_id(git_commit_id(commit)));
        }
        if (count == 0) {
            die("No names found, cannot describe anything.");
        }
        if (options.describe_strategy == GIT_DESCRIBE_DEFAULT) {
            die("No annotated tags can describe '%s'.\nHowever, there were unannotated tags: try --tags.", whole_id(git_commit_id(commit)));
        }
        die("No tags can describe '%s'.\nTry --always, or create some tags.", whole_id(git_commit_id(commit)));
    }
    fputs(shown.ptr, stdout);
    if (dirty) {
        git_status_options about = GIT_STATUS_OPTIONS_INIT;
        git_status_list *list;
        must(git_status_list_new(&list, repo, &about));
        fputs(git_status_list_entrycount(list) > 0 ? suffix : "", stdout);
    }
    putchar('\n');
    return ENDED_WELL;
}
