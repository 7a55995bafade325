/* git: the words before the command, and which command it is. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int, char **);
} commands[] = {
#define COMMAND(name, function) {name, function},
#include "commands.list"
#undef COMMAND
};

static _Noreturn void put_help(int status)
{
    puts("usage: git [-v | --version] [-h | --help] [-C <path>] [-c <name>=<value>]\n"
         "           [-p | --paginate | -P | --no-pager] [--bare] [--git-dir=<path>]\n"
         "           [--work-tree=<path>] <command> [<args>]\n\n"
         "These are the commands that this sandbox has:\n");
    int column = 0;
    for (size_t at = 0; at < sizeof commands / sizeof *commands; at++) {
        column += printf("   %-16s", commands[at].name);
        if (column > 60) {
            putchar('\n');
            column = 0;
        }
    }
    puts("\n\nThere is no network: clone, fetch, pull and push work with repositories in the sandbox's files.");
    exit(status);
}

/* The value of a word such as --git-dir=X or --git-dir X; NULL when it is another word. */
static const char *value_of(const char *name, int argc, char **argv, int *at)
{
    size_t length = strlen(name);
    if (strncmp(argv[*at], name, length) != 0) {
        return NULL;
    }
    if (argv[*at][length] == '=') {
        return argv[*at] + length + 1;
    }
    if (argv[*at][length] != '\0') {
        return NULL;
    }
    if (*at + 1 >= argc) {
        say("No %s given for %s option.", strcmp(name, "-C") == 0 || strstr(name, "dir") != NULL ? "directory" : "value", name);
        exit(USAGE);
    }
    return argv[++*at];
}

/* Names of commands that people make: `alias.st = status -s`. */
static char **alias_of(const char *name, int argc, char **argv, int *count)
{
    find_repository();
    char *meaning = setting(text("alias.%s", name));
    repo = NULL;
    prefix = "";
    if (meaning == NULL) {
        return NULL;
    }
    if (*meaning == '!') {
        die("alias '%s' is a command of the shell, which is not supported here", name);
    }
    char **words = room(NULL, (strlen(meaning) + (size_t)argc + 2) * sizeof *words), *to = meaning;
    *count = 0;
    for (char *from = meaning; *from != '\0';) {
        while (*from == ' ' || *from == '\t') {
            from++;
        }
        if (*from == '\0') {
            break;
        }
        words[(*count)++] = to;
        for (char quote = '\0'; *from != '\0' && (quote != '\0' || (*from != ' ' && *from != '\t')); from++) {
            if (quote == '\0' ? *from == '"' || *from == '\'' : *from == quote) {
                quote = quote == '\0' ? *from : '\0';
            }
            else {
                *to++ = *from;
            }
        }
        from += *from != '\0';
        *to++ = '\0';
    }
    for (int at = 1; at < argc; at++) {
        words[(*count)++] = argv[at];
    }
    words[*count] = NULL;
    return words;
}

static int run(int argc, char **argv, bool from_alias)
{
    for (size_t at = 0; at < sizeof commands / sizeof *commands; at++) {
        if (strcmp(commands[at].name, argv[0]) == 0) {
            return commands[at].run(argc, argv);
        }
    }
    int count;
    char **words = from_alias ? NULL : alias_of(argv[0], argc, argv, &count);
    if (words != NULL && count > 0) {
        return run(count, words, true);
    }
    say("git: '%s' is not a git command. See 'git --help'.", argv[0]);
    return ENDED_BADLY;
}

int main(int argc, char **argv)
{
    static char outgoing[65536];
    setvbuf(stdout, outgoing, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, sizeof outgoing);
    must(git_libgit2_init());
    /* Whoever runs a command in a sandbox may use what is in it. */
    must(git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0));
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        const char *value;
        if (strcmp(argv[at], "--version") == 0 || strcmp(argv[at], "-v") == 0) {
            puts("git version " GIT_FRONT_VERSION " (sandcell, libgit2 " LIBGIT2_VERSION ")");
            return ENDED_WELL;
        }
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            put_help(ENDED_WELL);
        }
        if ((value = value_of("-C", argc, argv, &at)) != NULL) {
            if (*value != '\0' && chdir(value) != 0) {
                die("cannot change to '%s': %s", value, strerror(errno));
            }
        }
        else if ((value = value_of("-c", argc, argv, &at)) != NULL) {
            remember_setting(value);
        }
        else if ((value = value_of("--git-dir", argc, argv, &at)) != NULL) {
            setenv("GIT_DIR", value, 1);
        }
        else if ((value = value_of("--work-tree", argc, argv, &at)) != NULL) {
            setenv("GIT_WORK_TREE", value, 1);
        }
        else if (strcmp(argv[at], "--bare") == 0) {
            setenv("GIT_DIR", ".", 0);
        }
        else if (strcmp(argv[at], "-P") != 0 && strcmp(argv[at], "--no-pager") != 0 && strcmp(argv[at], "-p") != 0
                 && strcmp(argv[at], "--paginate") != 0 && strcmp(argv[at], "--no-optional-locks") != 0
                 && strcmp(argv[at], "--literal-pathspecs") != 0 && strcmp(argv[at], "--no-replace-objects") != 0) {
            say("unknown option: %s", argv[at]);
            usage("git [-v | --version] [-h | --help] [-C <path>] [-c <name>=<value>] <command> [<args>]");
        }
    }
    if (at >= argc) {
        put_help(ENDED_BADLY);
    }
    if (strcmp(argv[at], "help") == 0) {
        put_help(ENDED_WELL);
    }
    int status = run(argc - at, argv + at, false);
    if (fflush(stdout) != 0 && errno != EPIPE) {
        die("write failure on standard output: %s", strerror(errno));
    }
    return status;
}
