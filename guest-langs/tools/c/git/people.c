/* Who commits, and the messages that they give. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void die_unknown(const char *who)
{
    fflush(stdout);
    fprintf(stderr,
            "%s identity unknown\n\n*** Please tell me who you are.\n\nRun\n\n"
            "  git config --global user.email \"you@example.com\"\n  git config --global user.name \"Your Name\"\n\n"
            "to set your account's default identity.\nOmit --global to set the identity only in this repository.\n\n", who);
    const char *user = getenv("USER");
    die("unable to auto-detect email address (got '%s@sandcell.(none)')", user == NULL ? "user" : user);
}

static git_signature *person(const char *role, const char *who)
{
    char *name = getenv(text("GIT_%s_NAME", role)), *email = getenv(text("GIT_%s_EMAIL", role));
    const char *date = getenv(text("GIT_%s_DATE", role));
    const char *section = *role == 'A' ? "author" : "committer";
    if (name == NULL && (name = setting(text("%s.name", section))) == NULL) {
        name = setting("user.name");
    }
    if (email == NULL && (email = setting(text("%s.email", section))) == NULL && (email = setting("user.email")) == NULL) {
        email = getenv("EMAIL");
    }
    if (email == NULL) {
        die_unknown(who);
    }
    if (name == NULL) {
        die_unknown(who);
    }
    if (*name == '\0') {
        die("empty ident name (for <%s>) not allowed", email);
    }
    git_signature *made;
    if (date == NULL || *date == '\0') {
        must(git_signature_now(&made, name, email));
        return made;
    }
    git_time_t seconds;
    int offset = 0;
    if (git_date_offset_parse(&seconds, &offset, date) < 0) {
        die("invalid date format: %s", date);
    }
    if (git_signature_new(&made, name, email, seconds, offset) < 0) {
        die("%s", why());
    }
    return made;
}

void read_people(git_signature **author, git_signature **committer)
{
    *author = person("AUTHOR", "Author");
    *committer = person("COMMITTER", "Committer");
}

git_signature *committer_now(void)
{
    return person("COMMITTER", "Committer");
}

git_signature *parse_author(const char *given, const git_signature *date_of)
{
    const char *start = strchr(given, '<'), *end = start == NULL ? NULL : strchr(start, '>');
    if (end == NULL) {
        die("--author '%s' is not 'Name <email>' and matches no existing author", given);
    }
    const char *stop = start;
    while (stop > given && stop[-1] == ' ') {
        stop--;
    }
    git_signature *made;
    must(git_signature_new(&made, text("%.*s", (int)(stop - given), given), text("%.*s", (int)(end - start - 1), start + 1),
                           date_of->when.time, date_of->when.offset));
    return made;
}

/* ---- messages ---- */

char *clean_message(const char *message, bool comments)
{
    git_buf clean = {0};
    must(git_message_prettify(&clean, message, comments, '#'));
    return clean.ptr == NULL ? text("%s", "") : clean.ptr;
}

enum { MOST_OF_A_MESSAGE = 64 << 20 };

char *read_whole_file(const char *path, size_t *length)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *contents = NULL;
    size_t used = 0, size = 0;
    for (;;) {
        if (used + 1 >= size) {
            size = size == 0 ? 8192 : size * 2;
            if (size > MOST_OF_A_MESSAGE) {
                die("%s is too large", path);
            }
            contents = room(contents, size);
        }
        size_t count = fread(contents + used, 1, size - used - 1, file);
        if (count == 0) {
            break;
        }
        used += count;
    }
    bool bad = ferror(file) != 0;
    if (file != stdin) {
        fclose(file);
    }
    contents[used] = '\0';
    if (length != NULL) {
        *length = used;
    }
    return bad ? NULL : contents;
}

void write_file(const char *path, const char *contents)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputs(contents, file) < 0 || fclose(file) != 0) {
        die("could not write '%s': %s", path, strerror(errno));
    }
}

#ifdef __wasi__
int unix_run(char **argv);
#else
static int unix_run(char **argv)
{
    return system(text("%s '%s'", argv[3], argv[4])) >> 8;
}
#endif

static const char *editor(void)
{
    const char *found = getenv("GIT_EDITOR");
    if (found == NULL && (found = setting("core.editor")) == NULL && (found = getenv("VISUAL")) == NULL) {
        found = getenv("EDITOR");
    }
    return found;
}

char *edit_message(const char *start)
{
    const char *program = editor();
    if (program == NULL || *program == '\0') {
        complain("Terminal is dumb, but EDITOR unset");
        return NULL;
    }
    char *path = text("%sCOMMIT_EDITMSG", git_repository_path(repo));
    write_file(path, start);
    if (strcmp(program, ":") != 0 && strcmp(program, "true") != 0) {
        fflush(stdout);
        char *command = text("%s \"$@\"", program);
#ifndef __wasi__
        command = text("%s", program);
#endif
        char *words[] = {"sh", "-c", NULL, NULL, NULL, NULL};
        words[2] = command;
        words[3] = text("%s", program);
        words[4] = path;
        if (unix_run(words) != 0) {
            complain("There was a problem with the editor '%s'.", program);
            return NULL;
        }
    }
    return read_whole_file(path, NULL);
}

/* ---- the state of a merge and the like ---- */

char *state_file(const char *name)
{
    return read_whole_file(text("%s%s", git_repository_path(repo), name), NULL);
}

void write_state_file(const char *name, const char *contents)
{
    write_file(text("%s%s", git_repository_path(repo), name), contents);
}

void remove_state_file(const char *name)
{
    unlink(text("%s%s", git_repository_path(repo), name));
}
