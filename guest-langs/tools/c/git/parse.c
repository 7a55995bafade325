/* git rev-parse. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Its words are no options to be read in a group: each is answered in its place. */

struct asked {
    bool verify, quiet, brief, abbreviated, symbolic, symbolic_full;
    const char *otherwise;
    int length, shown;
};

static void put_folder(const char *path)
{
    size_t length = strlen(path);
    printf("%.*s\n", (int)(length > 1 && path[length - 1] == '/' ? length - 1 : length), path);
}

/* The repository's folder as git names it: relative when we are above it. */
static void put_git_dir(bool absolute)
{
    const char *path = git_repository_path(repo), *tree = git_repository_workdir(repo);
    char *here = getcwd(NULL, 0);
    size_t length = strlen(path);
    if (!absolute && tree != NULL && *prefix == '\0' && strcmp(path, text("%s.git/", tree)) == 0 && getenv("GIT_DIR") == NULL) {
        puts(".git");
    }
    else if (!absolute && here != NULL && strlen(here) == length - 1 && strncmp(here, path, length - 1) == 0) {
        puts(".");
    }
    else if (!absolute && getenv("GIT_DIR") != NULL) {
        puts(getenv("GIT_DIR"));
    }
    else {
        put_folder(path);
    }
}

/* A word that asks for something else than a revision; false when it is none of them. */
static bool answer(struct asked *asked, const char *word)
{
    const char *tree = git_repository_workdir(repo);
    char *here = text("%s/", getcwd(NULL, 0));
    bool inside = tree != NULL && strncmp(here, tree, strlen(tree)) == 0;
    bool in_git = strncmp(here, git_repository_path(repo), strlen(git_repository_path(repo))) == 0;
    if (strcmp(word, "--show-toplevel") == 0) {
        if (tree == NULL || in_git) {
            die("this operation must be run in a work tree");
        }
        put_folder(tree);
    }
    else if (strcmp(word, "--git-dir") == 0 || strcmp(word, "--git-common-dir") == 0) {
        put_git_dir(false);
    }
    else if (strcmp(word, "--absolute-git-dir") == 0) {
        put_git_dir(true);
    }
    else if (strcmp(word, "--is-inside-work-tree") == 0) {
        puts(inside && !in_git ? "true" : "false");
    }
    else if (strcmp(word, "--is-inside-git-dir") == 0) {
        puts(in_git ? "true" : "false");
    }
    else if (strcmp(word, "--is-bare-repository") == 0) {
        puts(git_repository_is_bare(repo) ? "true" : "false");
    }
    else if (strcmp(word, "--is-shallow-repository") == 0) {
        puts(git_repository_is_shallow(repo) == 1 ? "true" : "false");
    }
    else if (strcmp(word, "--show-prefix") == 0) {
        puts(prefix);
    }
    else if (strcmp(word, "--show-cdup") == 0) {
        for (const char *at = prefix; *at != '\0'; at++) {
            fputs(*at == '/' ? "../" : "", stdout);
        }
        putchar('\n');
    }
    else if (strcmp(word, "--show-object-format") == 0) {
        puts("sha1");
    }
    else if (strcmp(word, "--all") == 0) {
        git_reference_iterator *references;
        git_reference *reference;
        must(git_reference_iterator_new(&references, repo));
        while (git_reference_next(&reference, references) == 0) {
            git_oid id;
            if (git_reference_name_to_id(&id, repo, git_reference_name(reference)) == 0) {
                puts(whole_id(&id));
            }
        }
    }
    else {
        return false;
    }
    asked->shown++;
    return true;
}

static void put_id(const struct asked *asked, const git_oid *id, bool hidden)
{
    if (hidden) {
        putchar('^');
    }
    if (asked->brief && asked->length > 0) {
        printf("%.*s\n", asked->length, whole_id(id));
    }
    else {
        puts(asked->brief ? short_id(id) : whole_id(id));
    }
}

/* A reference by its name, as `--abbrev-ref` wants it. */
static bool put_name(const struct asked *asked, const char *word)
{
    git_object *object = NULL;
    git_reference *reference = NULL;
    if (strcmp(word, "HEAD") == 0 || strcmp(word, "@") == 0) {
        char *branch = current_branch();
        if (head_commit() == NULL) {
            return false;
        }
        puts(branch == NULL ? "HEAD" : asked->symbolic_full ? text("refs/heads/%s", branch) : branch);
        return true;
    }
    if (git_revparse_ext(&object, &reference, repo, word) != 0) {
        return false;
    }
    if (reference != NULL) {
        const char *name = git_reference_name(reference);
        puts(asked->symbolic_full && !asked->abbreviated ? name : short_name(name));
    }
    else if (asked->symbolic) {
        puts(word);
    }
    return true;
}

static _Noreturn void die_missing(const char *word)
{
    char *branch = current_branch();
    size_t length = strlen(word);
    if (length >= 3 && (strstr(word, "@{u") != NULL || strstr(word, "@{push}") != NULL) && branch != NULL) {
        die("no upstream configured for branch '%s'", *word == '@' ? branch : text("%.*s", (int)strcspn(word, "@"), word));
    }
    const char *colon = strchr(word, ':');
    if (colon != NULL && colon != word && find_object(text("%.*s", (int)(colon - word), word)) != NULL) {
        die(path_exists(colon + 1) ? "path '%s' exists on disk, but not in '%.*s'" : "path '%s' does not exist in '%.*s'", colon + 1,
            (int)(colon - word), word);
    }
    die_ambiguous(word);
}

static int parse(struct asked *asked, const char *word)
{
    struct walk walk = {0};
    if (asked->abbreviated || asked->symbolic_full || asked->symbolic) {
        if (put_name(asked, word)) {
            asked->shown++;
            return ENDED_WELL;
        }
    }
    else {
        git_object *object = find_object(word);
        if (object != NULL) {
            put_id(asked, git_object_id(object), false);
            asked->shown++;
            return ENDED_WELL;
        }
        if (!asked->verify && walk_add(&walk, word)) {
            for (size_t at = walk.tip_count; at-- > 0;) {
                put_id(asked, &walk.tips[at], false);
            }
            for (size_t at = 0; at < walk.hidden_count; at++) {
                put_id(asked, &walk.hidden[at], true);
            }
            asked->shown++;
            return ENDED_WELL;
        }
    }
    if (asked->verify) {
        if (asked->quiet) {
            return ENDED_BADLY;
        }
        if (strlen(word) >= 3 && strstr(word, "@{u") != NULL) {
            die_missing(word);
        }
        die("Needed a single revision");
    }
    if (path_exists(word) && strpbrk(word, "*?[:") == NULL) {
        puts(word);
        asked->shown++;
        return ENDED_WELL;
    }
    /* As git: the word is printed before it is refused. */
    if (strstr(word, "@{u") == NULL) {
        puts(word);
    }
    die_missing(word);
}

int rev_parse_command(int argc, char **argv)
{
    open_repository();
    struct asked asked = {0};
    int status = ENDED_WELL, revisions = 0;
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (strcmp(word, "--verify") == 0) {
            asked.verify = true;
        }
        else if (strcmp(word, "-q") == 0 || strcmp(word, "--quiet") == 0) {
            asked.quiet = true;
        }
        else if (strncmp(word, "--short", 7) == 0) {
            asked.brief = true;
            asked.length = word[7] == '=' ? atoi(word + 8) : 0;
            asked.verify = true;
        }
        else if (strncmp(word, "--abbrev-ref", 12) == 0) {
            asked.abbreviated = true;
        }
        else if (strcmp(word, "--symbolic-full-name") == 0) {
            asked.symbolic_full = true;
        }
        else if (strcmp(word, "--symbolic") == 0) {
            asked.symbolic = true;
        }
        else if (strcmp(word, "--default") == 0 && at + 1 < argc) {
            asked.otherwise = argv[++at];
        }
        else if (strcmp(word, "--git-path") == 0 && at + 1 < argc) {
            bool inside = git_repository_workdir(repo) != NULL && *prefix == '\0';
            printf("%s%s\n", inside ? ".git/" : git_repository_path(repo), argv[++at]);
            asked.shown++;
        }
        else if (strcmp(word, "--end-of-options") == 0 || strcmp(word, "--revs-only") == 0 || strcmp(word, "--no-revs") == 0) {
            continue;
        }
        else if (strcmp(word, "--") == 0) {
            puts("--");
            asked.shown++;
        }
        else if (!answer(&asked, word)) {
            if (asked.verify && revisions++ > 0) {
                die("Needed a single revision");
            }
            status |= parse(&asked, word);
        }
    }
    if (asked.shown == 0 && status == ENDED_WELL) {
        if (asked.otherwise != NULL) {
            return parse(&asked, asked.otherwise);
        }
        if (asked.verify) {
            if (asked.quiet) {
                return ENDED_BADLY;
            }
            die("Needed a single revision");
        }
    }
    return status;
}
