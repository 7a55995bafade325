/* Where a command is: its repository, its folder in the work tree, its settings. */
#include "git.h"
#include <errno.h>
#include <git2/sys/config.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

git_repository *repo;
const char *prefix = "";

/* ---- settings ---- */

/* What `-c` and GIT_CONFIG_COUNT said, as a file of settings. */
static char *said;

static void add_setting(const char *name, size_t length, const char *value)
{
    const char *dot = memchr(name, '.', length), *last = dot;
    for (const char *at = name; at < name + length; at++) {
        last = *at == '.' ? at : last;
    }
    if (dot == NULL || dot == name || last == name + length - 1) {
        fail("key does not contain a section: %.*s", (int)length, name);
    }
    char *between = dot == last ? text("%s", "") : text(" \"%.*s\"", (int)(last - dot - 1), dot + 1);
    char *safe = room(NULL, strlen(value) * 2 + 1), *to = safe;
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\' || *value == '\n') {
            *to++ = '\\';
        }
        *to++ = *value == '\n' ? 'n' : *value;
    }
    *to = '\0';
    said = text("%s[%.*s%s]\n%.*s = \"%s\"\n", said == NULL ? "" : said, (int)(dot - name), name, between,
                (int)(name + length - last - 1), last + 1, safe);
}

void remember_setting(const char *setting)
{
    size_t length = strcspn(setting, "=");
    add_setting(setting, length, setting[length] == '=' ? setting + length + 1 : "true");
}

static void read_settings_of_environment(void)
{
    const char *count = getenv("GIT_CONFIG_COUNT");
    for (int at = 0; count != NULL && at < atoi(count); at++) {
        const char *name = getenv(text("GIT_CONFIG_KEY_%d", at)), *value = getenv(text("GIT_CONFIG_VALUE_%d", at));
        if (name == NULL || value == NULL) {
            die("missing config key GIT_CONFIG_%s_%d", name == NULL ? "KEY" : "VALUE", at);
        }
        add_setting(name, strlen(name), value);
    }
}

void apply_settings(git_config *config)
{
    const char *global = getenv("GIT_CONFIG_GLOBAL");
    if (global != NULL && *global != '\0') {
        git_config_add_file_ondisk(config, global, GIT_CONFIG_LEVEL_GLOBAL, repo, 1);
    }
    if (said != NULL) {
        git_config_backend *backend;
        must(git_config_backend_from_string(&backend, said, strlen(said), NULL));
        must(git_config_add_backend(config, backend, GIT_CONFIG_LEVEL_APP, repo, 1));
    }
}

git_config *configuration(void)
{
    static git_config *config;
    static git_repository *of;
    if (config == NULL || of != repo) {
        of = repo;
        if (repo != NULL) {
            must(git_repository_config(&config, repo));
        }
        else {
            must(git_config_open_default(&config));
            apply_settings(config);
        }
    }
    return config;
}

char *setting(const char *name)
{
    git_buf found = {0};
    return git_config_get_string_buf(&found, configuration(), name) == 0 ? found.ptr : NULL;
}

bool setting_is_on(const char *name, bool otherwise)
{
    int on;
    return git_config_get_bool(&on, configuration(), name) == 0 ? on != 0 : otherwise;
}

/* ---- the repository ---- */

static char *working_folder(void)
{
    char *folder = getcwd(NULL, 0);
    if (folder == NULL) {
        die("Unable to read current working directory: %s", strerror(errno));
    }
    return folder;
}

static void settle(void)
{
    read_settings_of_environment();
    const char *global = getenv("GIT_CONFIG_GLOBAL");
    if (global != NULL) {
        must(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL, ""));
        must(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_XDG, ""));
    }
    if (getenv("GIT_CONFIG_NOSYSTEM") != NULL) {
        must(git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_SYSTEM, ""));
    }
}

bool find_repository(void)
{
    static bool settled;
    if (!settled) {
        settled = true;
        settle();
    }
    int flags = GIT_REPOSITORY_OPEN_FROM_ENV;
    int result = git_repository_open_ext(&repo, NULL, flags, NULL);
    if (result == GIT_ENOTFOUND) {
        repo = NULL;
        return false;
    }
    if (result < 0) {
        die("%s", why());
    }
    git_config *config;
    must(git_repository_config(&config, repo));
    apply_settings(config);
    const char *tree = git_repository_workdir(repo);
    if (tree != NULL) {
        char *folder = text("%s/", working_folder());
        size_t length = strlen(tree);
        prefix = strncmp(folder, tree, length) == 0 ? folder + length : "";
    }
    return true;
}

void open_repository(void)
{
    if (!find_repository()) {
        const char *named = getenv("GIT_DIR");
        if (named != NULL) {
            die("not a git repository: '%s'", named);
        }
        die("not a git repository (or any of the parent directories): .git");
    }
}

void need_work_tree(void)
{
    const char *tree = git_repository_workdir(repo);
    char *folder = tree == NULL ? NULL : text("%s/", working_folder());
    const char *inside = git_repository_path(repo);
    if (tree == NULL || (getenv("GIT_WORK_TREE") == NULL && strncmp(folder, inside, strlen(inside)) == 0) || (getenv("GIT_WORK_TREE") == NULL && getenv("GIT_DIR") == NULL
                         && strncmp(folder, tree, strlen(tree)) != 0)) {
        die("this operation must be run in a work tree");
    }
    if (strncmp(folder, tree, strlen(tree)) != 0) {
        must(chdir(tree));
    }
}

/* ---- paths ---- */

/* Takes `.`, `..` and empty names out; NULL when it goes above the start. */
static char *plain_path(const char *path)
{
    char *out = room(NULL, strlen(path) + 2), *to = out;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            if (to == out) {
                return NULL;
            }
            to--;
            while (to > out && to[-1] != '/') {
                to--;
            }
        }
        else if (length > 0 && !(length == 1 && path[0] == '.')) {
            memmove(to, path, length);
            to += length;
            *to++ = '/';
        }
        path += length + (path[length] == '/');
    }
    if (to > out) {
        to--;
    }
    *to = '\0';
    return out;
}

char *path_in_tree(const char *given)
{
    const char *tree = git_repository_workdir(repo);
    char *path;
    if (given[0] == '/' && tree != NULL) {
        size_t length = strlen(tree);
        char *whole = text("/%s/", plain_path(given));
        path = strncmp(whole, tree, length) == 0 ? plain_path(whole + length) : NULL;
    }
    else {
        path = plain_path(text("%s%s", prefix, given));
    }
    if (path == NULL) {
        size_t length = tree == NULL ? 0 : strlen(tree);
        die("%s: '%s' is outside repository at '%.*s'", given, given, (int)(length > 0 ? length - 1 : 0), tree == NULL ? "" : tree);
    }
    return path;
}

char *path_from_here(const char *path)
{
    size_t same = 0, at = 0;
    for (; prefix[at] != '\0' && prefix[at] == path[at]; at++) {
        same = prefix[at] == '/' ? at + 1 : same;
    }
    char *out = text("%s", "");
    for (const char *left = prefix + same; *left != '\0'; left++) {
        if (*left == '/') {
            out = text("%s../", out);
        }
    }
    out = text("%s%s", out, path + same);
    return *out == '\0' ? text("./") : out;
}

char *path_on_disk(const char *path)
{
    const char *tree = git_repository_workdir(repo);
    return text("%s%s", tree == NULL ? "" : tree, path);
}

bool remove_from_tree(const char *path)
{
    for (const char *part = path; *part != '\0';) {
        size_t length = strcspn(part, "/");
        bool dots = (length == 1 && part[0] == '.') || (length == 2 && strncmp(part, "..", 2) == 0);
        if (length == 0 || dots || (length == 4 && strncasecmp(part, ".git", 4) == 0)) {
            errno = EINVAL;
            return false;
        }
        char *so_far = text("%.*s", (int)(part - path + (long)length), path);
        struct stat about;
        bool last = part[length] == '\0', link = !last && lstat(path_on_disk(so_far), &about) == 0 && S_ISLNK(about.st_mode);
        free(so_far);
        if (link) {
            errno = ENOTDIR;
            return false;
        }
        part += length + !last;
    }
    return unlink(path_on_disk(path)) == 0;
}

git_strarray paths_in_tree(char **given, int count)
{
    git_strarray paths = {0};
    paths.strings = room(NULL, ((size_t)count + 1) * sizeof *paths.strings);
    for (int at = 0; at < count; at++) {
        const char *word = given[at];
        if (strcmp(word, ":/") == 0 || strcmp(word, ":") == 0) {
            return (git_strarray){0};
        }
        bool from_top = strncmp(word, ":/", 2) == 0 || strncmp(word, ":(top)", 6) == 0;
        if (from_top) {
            word += word[1] == '/' ? 2 : 6;
        }
        bool excluded = strncmp(word, ":!", 2) == 0 || strncmp(word, ":^", 2) == 0 || strncmp(word, ":(exclude)", 10) == 0;
        if (excluded) {
            /* libgit2's patterns begin with "!" then. */
            char *path = path_in_tree(word + (word[1] == '(' ? 10 : 2));
            paths.strings[paths.count++] = text("!%s", path);
            continue;
        }
        if (*word == '\0' && !from_top) {
            die("empty string is not a valid pathspec. please use . instead if you meant to match all paths");
        }
        char *path = from_top ? text("%s", word) : path_in_tree(word);
        if (*path == '\0') {
            return (git_strarray){0};
        }
        /* A "!" or "#" at the start is no sign here. */
        paths.strings[paths.count++] = *path == '!' ? text("\\%s", path) : path;
    }
    return paths;
}

bool path_exists(const char *given)
{
    struct stat about;
    if (strpbrk(given, "*?[") != NULL || strncmp(given, ":(", 2) == 0 || strncmp(given, ":/", 2) == 0 || strncmp(given, ":!", 2) == 0
        || strncmp(given, ":^", 2) == 0) {
        return true;
    }
    return lstat(given, &about) == 0;
}
