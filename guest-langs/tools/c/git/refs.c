/* References, and the commands that list and set them. */
#include "refs.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct reference *)left)->name, ((const struct reference *)right)->name);
}

struct reference *read_references(const char *head, size_t *count)
{
    git_strarray names;
    must(git_reference_list(&names, repo));
    struct reference *list = room(NULL, names.count * sizeof *list);
    *count = 0;
    for (size_t at = 0; at < names.count; at++) {
        struct reference found = {.name = text("%s", names.strings[at])};
        git_reference *reference;
        git_object *commit;
        if (strncmp(found.name, head, strlen(head)) != 0 || git_reference_name_to_id(&found.id, repo, found.name) != 0
            || git_reference_lookup(&reference, repo, found.name) != 0) {
            continue;
        }
        if (git_object_lookup(&found.object, repo, &found.id, GIT_OBJECT_ANY) != 0) {
            git_reference_free(reference);
            continue;
        }
        if (git_reference_peel(&commit, reference, GIT_OBJECT_COMMIT) == 0) {
            found.commit = (git_commit *)commit;
        }
        git_reference_free(reference);
        list[(*count)++] = found;
    }
    if (*count > 1) {
        qsort(list, *count, sizeof *list, by_name);
    }
    git_strarray_dispose(&names);
    return list;
}

/* ---- order ---- */

static git_time_t date_of(const struct reference *reference)
{
    if (git_object_type(reference->object) == GIT_OBJECT_TAG) {
        const git_signature *tagger = git_tag_tagger((git_tag *)reference->object);
        return tagger == NULL ? 0 : tagger->when.time;
    }
    return reference->commit == NULL ? 0 : git_commit_time(reference->commit);
}

static int by_date(const void *left, const void *right)
{
    git_time_t l = date_of(left), r = date_of(right);
    return l != r ? (l > r) - (l < r) : by_name(left, right);
}

/* Numbers in names count as numbers. */
static int by_version(const void *left, const void *right)
{
    const char *l = ((const struct reference *)left)->name, *r = ((const struct reference *)right)->name;
    while (*l != '\0' && *r != '\0') {
        if (*l >= '0' && *l <= '9' && *r >= '0' && *r <= '9') {
            char *l_end, *r_end;
            unsigned long long first = strtoull(l, &l_end, 10), second = strtoull(r, &r_end, 10);
            if (first != second) {
                return first < second ? -1 : 1;
            }
            l = l_end;
            r = r_end;
            continue;
        }
        if (*l != *r) {
            break;
        }
        l++;
        r++;
    }
    return (unsigned char)*l - (unsigned char)*r;
}

void sort_references(struct reference *list, size_t count, const char *key)
{
    bool down = *key == '-';
    key += down;
    int (*order)(const void *, const void *) = by_name;
    if (strcmp(key, "committerdate") == 0 || strcmp(key, "creatordate") == 0 || strcmp(key, "authordate") == 0
        || strcmp(key, "taggerdate") == 0) {
        order = by_date;
    }
    else if (strncmp(key, "version:", 8) == 0 || strncmp(key, "v:", 2) == 0) {
        order = by_version;
    }
    else if (strcmp(key, "refname") != 0) {
        die("unknown field name: %s", key);
    }
    if (count > 1) {
        qsort(list, count, sizeof *list, order);
    }
    for (size_t at = 0; down && at < count / 2; at++) {
        struct reference swapped = list[at];
        list[at] = list[count - 1 - at];
        list[count - 1 - at] = swapped;
    }
}

/* ---- patterns ---- */

char *tracking(const char *reference, char **upstream)
{
    git_buf name = {0};
    git_oid ours, theirs;
    size_t ahead, behind;
    if (git_branch_upstream_name(&name, repo, reference) != 0) {
        return NULL;
    }
    if (upstream != NULL) {
        *upstream = text("%s", name.ptr);
    }
    if (git_reference_name_to_id(&theirs, repo, name.ptr) != 0) {
        return "gone";
    }
    if (git_reference_name_to_id(&ours, repo, reference) != 0 || git_graph_ahead_behind(&ahead, &behind, repo, &ours, &theirs) != 0) {
        return "";
    }
    char *front = ahead > 0 ? text("ahead %zu", ahead) : "";
    return behind > 0 ? text("%s%sbehind %zu", front, ahead > 0 ? ", " : "", behind) : front;
}

static const char *message_of(const struct reference *reference)
{
    if (git_object_type(reference->object) == GIT_OBJECT_TAG) {
        const char *message = git_tag_message((git_tag *)reference->object);
        return message == NULL ? "" : message;
    }
    return reference->commit == NULL ? "" : git_commit_message(reference->commit);
}

static const git_signature *person_of(const struct reference *reference, const char *field)
{
    bool is_tag = git_object_type(reference->object) == GIT_OBJECT_TAG;
    if (strncmp(field, "tagger", 6) == 0 || (strncmp(field, "creator", 7) == 0 && is_tag)) {
        return is_tag ? git_tag_tagger((git_tag *)reference->object) : NULL;
    }
    if (is_tag || reference->commit == NULL) {
        return NULL;
    }
    return strncmp(field, "author", 6) == 0 ? git_commit_author(reference->commit) : git_commit_committer(reference->commit);
}

static void put_person(const struct reference *reference, const char *field, const char *style)
{
    const git_signature *who = person_of(reference, field);
    if (who == NULL) {
        return;
    }
    size_t length = strlen(field);
    if (length >= 4 && strcmp(field + length - 4, "name") == 0) {
        fputs(who->name, stdout);
    }
    else if (length >= 5 && strcmp(field + length - 5, "email") == 0) {
        printf("<%s>", who->email);
    }
    else if (length >= 4 && strcmp(field + length - 4, "date") == 0) {
        fputs(date_text(&who->when, style), stdout);
    }
    else {
        printf("%s <%s> %s", who->name, who->email, date_text(&who->when, "raw"));
    }
}

static void put_field(const struct reference *reference, char *field)
{
    char *style = strchr(field, ':');
    if (style != NULL) {
        *style++ = '\0';
    }
    bool brief = style != NULL && strncmp(style, "short", 5) == 0;
    const struct reference peeled = {reference->name, reference->commit == NULL ? reference->id : *git_commit_id(reference->commit),
                                     (git_object *)reference->commit, reference->commit};
    if (*field == '*') {
        if (git_object_type(reference->object) != GIT_OBJECT_TAG || reference->commit == NULL) {
            return;
        }
        field++;
        reference = &peeled;
    }
    char *branch = current_branch();
    if (strcmp(field, "refname") == 0) {
        const char *shown = reference->name;
        if (style != NULL && (strncmp(style, "lstrip=", 7) == 0 || strncmp(style, "strip=", 6) == 0)) {
            for (int count = atoi(strchr(style, '=') + 1); count > 0 && strchr(shown, '/') != NULL; count--) {
                shown = strchr(shown, '/') + 1;
            }
        }
        fputs(brief ? short_name(shown) : shown, stdout);
    }
    else if (strcmp(field, "HEAD") == 0) {
        bool here = branch != NULL && strncmp(reference->name, "refs/heads/", 11) == 0 && strcmp(reference->name + 11, branch) == 0;
        putchar(here ? '*' : ' ');
    }
    else if (strcmp(field, "objectname") == 0) {
        fputs(brief ? short_id(&reference->id) : whole_id(&reference->id), stdout);
    }
    else if (strcmp(field, "objecttype") == 0) {
        fputs(git_object_type2string(git_object_type(reference->object)), stdout);
    }
    else if (strcmp(field, "upstream") == 0) {
        char *upstream = NULL, *track = tracking(reference->name, &upstream);
        if (style != NULL && strncmp(style, "track", 5) == 0) {
            bool bare = strstr(style, "nobracket") != NULL;
            if (track != NULL && *track != '\0') {
                printf(bare ? "%s" : "[%s]", track);
            }
        }
        else if (upstream != NULL) {
            fputs(brief ? short_name(upstream) : upstream, stdout);
        }
    }
    else if (strcmp(field, "subject") == 0 || (strcmp(field, "contents") == 0 && style != NULL && strcmp(style, "subject") == 0)) {
        const char *message = message_of(reference);
        const char *end = strstr(message, "\n\n");
        size_t length = end == NULL ? strlen(message) : (size_t)(end - message);
        while (length > 0 && message[length - 1] == '\n') {
            length--;
        }
        for (size_t at = 0; at < length; at++) {
            putchar(message[at] == '\n' ? ' ' : message[at]);
        }
    }
    else if (strcmp(field, "contents") == 0 || strcmp(field, "body") == 0) {
        const char *message = message_of(reference), *end = strstr(message, "\n\n");
        fputs(strcmp(field, "body") == 0 || (style != NULL && strcmp(style, "body") == 0) ? (end == NULL ? "" : end + 2) : message, stdout);
    }
    else if (strncmp(field, "author", 6) == 0 || strncmp(field, "committer", 9) == 0 || strncmp(field, "tagger", 6) == 0
             || strncmp(field, "creator", 7) == 0) {
        put_person(reference, field, style);
    }
    else {
        die("unknown field name: %s", field);
    }
}

void put_reference(const char *format, const struct reference *reference)
{
    for (const char *at = format; *at != '\0'; at++) {
        const char *end = *at == '%' && at[1] == '(' ? strchr(at, ')') : NULL;
        if (end != NULL) {
            char *field = text("%.*s", (int)(end - at - 2), at + 2);
            if (strncmp(field, "color", 5) != 0) {
                put_field(reference, field);
            }
            free(field);
            at = end;
        }
        else if (*at == '%' && at[1] == '%') {
            putchar('%');
            at++;
        }
        else if (*at == '%' && at[1] != '\0' && at[2] != '\0' && strspn(at + 1, "0123456789abcdefABCDEF") >= 2) {
            char number[3] = {at[1], at[2], '\0'};
            putchar((int)strtol(number, NULL, 16));
            at += 2;
        }
        else {
            putchar(*at);
        }
    }
}

/* ---- commands ---- */

enum { FORMAT = 1, SORT, COUNT, POINTS_AT, HEADS, TAGS, VERIFY, HASH, HEAD_TOO, QUIET, DEREFERENCE, SHORT, DELETE, MESSAGE, NO_DEREFERENCE };

static const struct choice each_choices[] = {
    {FORMAT, "format", 0, NEEDED}, {SORT, "sort", 0, NEEDED}, {COUNT, "count", 0, NEEDED}, {POINTS_AT, "points-at", 0, NEEDED}, {0},
};
static const struct choice show_choices[] = {
    {HEADS, "heads", 0, NONE}, {HEADS, "branches", 0, NONE}, {TAGS, "tags", 0, NONE}, {VERIFY, "verify", 0, NONE},
    {HASH, "hash", 's', OPTIONAL}, {HEAD_TOO, "head", 0, NONE}, {QUIET, "quiet", 'q', NONE}, {DEREFERENCE, "dereference", 'd', NONE}, {0},
};
static const struct choice symbolic_choices[] = {
    {SHORT, "short", 0, NONE}, {QUIET, "quiet", 'q', NONE}, {DELETE, "delete", 'd', NONE}, {MESSAGE, NULL, 'm', NEEDED}, {0},
};
static const struct choice update_choices[] = {
    {DELETE, NULL, 'd', NONE}, {MESSAGE, NULL, 'm', NEEDED}, {NO_DEREFERENCE, "no-deref", 0, NONE}, {0},
};

int for_each_ref_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, each_choices);
    const char *format = "%(objectname) %(objecttype)\t%(refname)", *key = "refname";
    long most = -1;
    git_object *target = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case FORMAT: format = words.value; break;
        case SORT: key = words.value; break;
        case COUNT: most = atol(words.value); break;
        default:
            if ((target = find_object(words.value)) == NULL) {
                fail("malformed object name '%s'", words.value);
            }
        }
    }
    size_t count;
    struct reference *list = read_references("refs/", &count);
    sort_references(list, count, key);
    for (size_t at = 0; at < count && most != 0; at++) {
        bool wanted = words.rest_count == 0;
        for (int which = 0; which < words.rest_count && !wanted; which++) {
            const char *pattern = words.rest[which];
            size_t length = strlen(pattern);
            wanted = fnmatch(pattern, list[at].name, FNM_PATHNAME) == 0
                     || (strncmp(list[at].name, pattern, length) == 0 && (pattern[length - 1] == '/' || list[at].name[length] == '/'));
        }
        if (wanted && (target == NULL || git_oid_equal(&list[at].id, git_object_id(target)))) {
            put_reference(format, &list[at]);
            putchar('\n');
            most -= most > 0;
        }
    }
    return ENDED_WELL;
}

int show_ref_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, show_choices);
    bool heads = false, tags = false, verify = false, hash = false, head = false, quiet = false, dereference = false, any = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case HEADS: heads = true; break;
        case TAGS: tags = true; break;
        case VERIFY: verify = true; break;
        case HASH: hash = true; break;
        case HEAD_TOO: head = true; break;
        case QUIET: quiet = true; break;
        default: dereference = true;
        }
    }
    if (verify) {
        for (int at = 0; at < words.rest_count; at++) {
            git_oid id;
            if (git_reference_name_to_id(&id, repo, words.rest[at]) != 0) {
                if (quiet) {
                    return ENDED_BADLY;
                }
                die("'%s' - not a valid ref", words.rest[at]);
            }
            if (!quiet) {
                printf(hash ? "%s\n" : "%s %s\n", whole_id(&id), words.rest[at]);
            }
        }
        return ENDED_WELL;
    }
    size_t count;
    struct reference *list = read_references("refs/", &count);
    git_oid id;
    if (head && git_reference_name_to_id(&id, repo, "HEAD") == 0) {
        printf(hash ? "%s\n" : "%s HEAD\n", whole_id(&id));
    }
    for (size_t at = 0; at < count; at++) {
        const char *name = list[at].name;
        bool wanted = words.rest_count == 0;
        for (int which = 0; which < words.rest_count; which++) {
            size_t length = strlen(words.rest[which]), whole = strlen(name);
            wanted |= whole >= length && strcmp(name + whole - length, words.rest[which]) == 0 && (whole == length || name[whole - length - 1] == '/');
        }
        bool kind = !(heads || tags) || (heads && strncmp(name, "refs/heads/", 11) == 0) || (tags && strncmp(name, "refs/tags/", 10) == 0);
        if (!wanted || !kind) {
            continue;
        }
        any = true;
        if (quiet) {
            continue;
        }
        printf(hash ? "%s\n" : "%s %s\n", whole_id(&list[at].id), name);
        if (dereference && list[at].commit != NULL && git_object_type(list[at].object) == GIT_OBJECT_TAG) {
            printf("%s %s^{}\n", whole_id(git_commit_id(list[at].commit)), name);
        }
    }
    return any ? ENDED_WELL : ENDED_BADLY;
}

int symbolic_ref_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, symbolic_choices);
    bool brief = false, quiet = false, deletes = false;
    const char *message = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        brief |= id == SHORT;
        quiet |= id == QUIET;
        deletes |= id == DELETE;
        message = id == MESSAGE ? words.value : message;
    }
    if (words.rest_count == 0 || words.rest_count > 2) {
        usage("git symbolic-ref [-m <reason>] <name> <ref>\n   or: git symbolic-ref [-q] [--short] <name>");
    }
    git_reference *reference;
    if (words.rest_count == 2) {
        if (strcmp(words.rest[0], "HEAD") == 0 && strncmp(words.rest[1], "refs/", 5) != 0) {
            die("Refusing to point HEAD outside of refs/");
        }
        must(git_reference_symbolic_create(&reference, repo, words.rest[0], words.rest[1], 1, message));
        return ENDED_WELL;
    }
    if (git_reference_lookup(&reference, repo, words.rest[0]) != 0 || git_reference_type(reference) != GIT_REFERENCE_SYMBOLIC) {
        if (quiet) {
            return ENDED_BADLY;
        }
        die("ref %s is not a symbolic ref", words.rest[0]);
    }
    if (deletes) {
        must(git_reference_delete(reference));
        return ENDED_WELL;
    }
    const char *target = git_reference_symbolic_target(reference);
    puts(brief ? short_name(target) : target);
    return ENDED_WELL;
}

int update_ref_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, update_choices);
    bool deletes = false;
    const char *message = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        deletes |= id == DELETE;
        message = id == MESSAGE ? words.value : message;
    }
    if (words.rest_count < (deletes ? 1 : 2)) {
        usage("git update-ref [<options>] -d <refname> [<old-oid>]\n   or: git update-ref [<options>] <refname> <new-oid> [<old-oid>]");
    }
    git_reference *reference, *resolved;
    const char *name = words.rest[0];
    if (git_reference_lookup(&reference, repo, name) == 0 && git_reference_type(reference) == GIT_REFERENCE_SYMBOLIC) {
        name = git_reference_symbolic_target(reference);
    }
    git_object *expected = words.rest_count > (deletes ? 1 : 2) ? find_object(words.rest[deletes ? 1 : 2]) : NULL;
    if (expected != NULL) {
        git_oid now;
        if (git_reference_name_to_id(&now, repo, name) != 0 || !git_oid_equal(&now, git_object_id(expected))) {
            die("cannot lock ref '%s': is not at the expected %s", words.rest[0], whole_id(git_object_id(expected)));
        }
    }
    if (deletes) {
        if (git_reference_lookup(&resolved, repo, name) == 0) {
            must(git_reference_delete(resolved));
        }
        return ENDED_WELL;
    }
    git_object *target = find_object(words.rest[1]);
    if (target == NULL) {
        die("%s: not a valid SHA1", words.rest[1]);
    }
    if (git_reference_create(&resolved, repo, name, git_object_id(target), 1, message) < 0) {
        die("update_ref failed for ref '%s': %s", name, why());
    }
    return ENDED_WELL;
}
