/* git cat-file, hash-object, write-tree, commit-tree: objects as such. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PRETTY = 1, TYPE, SIZE, EXISTS, BATCH, BATCH_CHECK, WRITE, INPUT, KIND, PARENT, MESSAGE, NO_FILTERS, FILE_OF_MESSAGE };

static const struct choice cat_choices[] = {
    {PRETTY, NULL, 'p', NONE}, {TYPE, NULL, 't', NONE}, {SIZE, NULL, 's', NONE}, {EXISTS, NULL, 'e', NONE},
    {BATCH, "batch", 0, NONE}, {BATCH_CHECK, "batch-check", 0, NONE}, {0},
};
static const struct choice hash_choices[] = {
    {WRITE, NULL, 'w', NONE}, {INPUT, "stdin", 0, NONE}, {KIND, NULL, 't', NEEDED}, {NO_FILTERS, "no-filters", 0, NONE}, {0},
};
static const struct choice commit_choices[] = {
    {PARENT, NULL, 'p', NEEDED}, {MESSAGE, NULL, 'm', NEEDED}, {FILE_OF_MESSAGE, NULL, 'F', NEEDED}, {0},
};

static git_odb *database(void)
{
    git_odb *odb;
    must(git_repository_odb(&odb, repo));
    return odb;
}

static int put_raw(const git_oid *id)
{
    git_odb_object *object;
    must(git_odb_read(&object, database(), id));
    fwrite(git_odb_object_data(object), 1, git_odb_object_size(object), stdout);
    git_odb_object_free(object);
    return ENDED_WELL;
}

static void put_tree(git_tree *tree)
{
    for (size_t at = 0; at < git_tree_entrycount(tree); at++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, at);
        printf("%06o %s %s\t", git_tree_entry_filemode(entry), git_object_type2string(git_tree_entry_type(entry)),
               whole_id(git_tree_entry_id(entry)));
        put_path(git_tree_entry_name(entry), '\n');
    }
}

static int batch(bool with_contents)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        git_object *object = find_object(line);
        git_odb_object *raw;
        if (object == NULL || git_odb_read(&raw, database(), git_object_id(object)) != 0) {
            printf("%s missing\n", line);
            continue;
        }
        printf("%s %s %zu\n", whole_id(git_object_id(object)), git_object_type2string(git_odb_object_type(raw)), git_odb_object_size(raw));
        if (with_contents) {
            fwrite(git_odb_object_data(raw), 1, git_odb_object_size(raw), stdout);
            putchar('\n');
        }
        fflush(stdout);
        git_odb_object_free(raw);
        git_object_free(object);
    }
    return ENDED_WELL;
}

int cat_file_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, cat_choices);
    int action = 0;
    for (int id; (id = next_option(&words)) != 0;) {
        action = id;
    }
    if (action == BATCH || action == BATCH_CHECK) {
        return batch(action == BATCH);
    }
    if (words.rest_count != (action == 0 ? 2 : 1)) {
        usage("git cat-file <type> <object>\n   or: git cat-file (-e | -p | -t | -s) <object>");
    }
    const char *name = words.rest[words.rest_count - 1];
    git_object *object = find_object(name);
    if (object == NULL) {
        git_oid id;
        if (strlen(name) == 40 && git_oid_fromstr(&id, name) == 0) {
            if (action == EXISTS) {
                return ENDED_BADLY;
            }
            if (action == PRETTY) {
                die("Not a valid object name %s", name);
            }
            die("git cat-file: could not get object info");
        }
        die("Not a valid object name %s", name);
    }
    git_object_t type = git_object_type(object);
    const git_oid *id = git_object_id(object);
    size_t size;
    switch (action) {
    case EXISTS: return ENDED_WELL;
    case TYPE: puts(git_object_type2string(type)); return ENDED_WELL;
    case SIZE:
        must(git_odb_read_header(&size, &type, database(), id));
        printf("%zu\n", size);
        return ENDED_WELL;
    case PRETTY:
        if (type == GIT_OBJECT_TREE) {
            put_tree((git_tree *)object);
            return ENDED_WELL;
        }
        return put_raw(id);
    default: break;
    }
    git_object_t wanted = git_object_string2type(words.rest[0]);
    if (wanted == GIT_OBJECT_INVALID) {
        die("invalid object type \"%s\"", words.rest[0]);
    }
    git_object *peeled;
    if (git_object_peel(&peeled, object, wanted) != 0) {
        die("git cat-file %s: bad file", name);
    }
    return put_raw(git_object_id(peeled));
}

int hash_object_command(int argc, char **argv)
{
    bool known = find_repository();
    struct words words = words_of(argc, argv, hash_choices);
    bool writes = false, input = false, raw = false;
    git_object_t type = GIT_OBJECT_BLOB;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case WRITE: writes = true; break;
        case INPUT: input = true; break;
        case NO_FILTERS: raw = true; break;
        case KIND:
            type = git_object_string2type(words.value);
            if (type == GIT_OBJECT_INVALID) {
                die("invalid object type \"%s\"", words.value);
            }
            break;
        default: break;
        }
    }
    if (writes && !known) {
        die("not a git repository (or any of the parent directories): .git");
    }
    for (int at = input ? -1 : 0; at < words.rest_count; at++) {
        const char *path = at < 0 ? "-" : words.rest[at];
        git_oid id;
        struct stat about;
        if (at >= 0 && stat(path, &about) != 0) {
            die("could not open '%s' for reading: %s", path, strerror(errno));
        }
        if (at >= 0 && known && !raw && !writes && type == GIT_OBJECT_BLOB && git_repository_workdir(repo) != NULL) {
            must(git_repository_hashfile(&id, repo, path, type, NULL));
        }
        else {
            size_t length = 0;
            char *contents = read_whole_file(path, &length);
            if (contents == NULL) {
                die("could not open '%s' for reading: %s", path, strerror(errno));
            }
            if (writes) {
                must(git_odb_write(&id, database(), contents, length, type));
            }
            else {
                must(git_odb_hash(&id, contents, length, type));
            }
            free(contents);
        }
        puts(git_oid_tostr_s(&id));
    }
    return ENDED_WELL;
}

int write_tree_command(int argc, char **argv)
{
    open_repository();
    git_index *index;
    git_oid id;
    must(git_repository_index(&index, repo));
    if (git_index_write_tree(&id, index) < 0) {
        die("git-write-tree: error building trees");
    }
    puts(whole_id(&id));
    return ENDED_WELL;
}

int commit_tree_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, commit_choices);
    git_commit *parents[32];
    size_t count = 0;
    char *message = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case PARENT:
            if (count < sizeof parents / sizeof *parents) {
                parents[count++] = need_commit(words.value);
            }
            break;
        case MESSAGE: message = message == NULL ? text("%s\n", words.value) : text("%s\n%s\n", message, words.value); break;
        case FILE_OF_MESSAGE: message = read_whole_file(words.value, NULL); break;
        default: break;
        }
    }
    if (words.rest_count != 1) {
        usage("git commit-tree <tree> [(-p <parent>)...] [(-m <message>)...]");
    }
    git_tree *tree = need_tree(words.rest[0]);
    if (message == NULL) {
        message = read_whole_file("-", NULL);
    }
    git_signature *author, *committer;
    read_people(&author, &committer);
    git_oid id;
    must(git_commit_create(&id, repo, NULL, author, committer, NULL, message == NULL ? "" : message, tree, count, (const git_commit **)parents));
    puts(whole_id(&id));
    return ENDED_WELL;
}
