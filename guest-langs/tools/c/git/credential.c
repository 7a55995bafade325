/* git credential: what is kept of users and passwords, by the helper `store`. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct credential {
    char *protocol, *host, *user, *password;
};

static struct credential read_credential(void)
{
    struct credential found = {0};
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *value = strchr(line, '=');
        if (value == NULL) {
            break;
        }
        *value++ = '\0';
        char **place = strcmp(line, "protocol") == 0   ? &found.protocol
                       : strcmp(line, "host") == 0     ? &found.host
                       : strcmp(line, "username") == 0 ? &found.user
                       : strcmp(line, "password") == 0 ? &found.password
                                                       : NULL;
        if (place != NULL) {
            *place = text("%s", value);
        }
    }
    return found;
}

/* As in an address: what is no plain letter becomes %XX. */
static char *escaped(const char *value)
{
    char *out = room(NULL, strlen(value) * 3 + 1), *to = out;
    for (; *value != '\0'; value++) {
        bool plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", *value) != NULL;
        to += sprintf(to, plain ? "%c" : "%%%02x", (unsigned char)*value);
    }
    *to = '\0';
    return out;
}

static char *store_path(void)
{
    const char *home = getenv("HOME");
    if (home == NULL) {
        die("unable to locate default path; use --file");
    }
    return text("%s/.git-credentials", home);
}

/* Lines of the store, without those of this host and user, and with this one at the start. */
static void rewrite(const struct credential *credential, bool keep)
{
    char *path = store_path(), *before = read_whole_file(path, NULL);
    char *head = text("%s://%s", credential->protocol, credential->user == NULL ? "" : escaped(credential->user));
    char *tail = text("@%s", credential->host);
    char *lines = keep ? text("%s://%s:%s@%s\n", credential->protocol, escaped(credential->user), escaped(credential->password), credential->host)
                       : text("%s", "");
    for (char *line = before; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n"), end = strlen(tail);
        bool same = strncmp(line, head, strlen(head)) == 0 && length > end && strncmp(line + length - end, tail, end) == 0;
        if (!same && length > 0) {
            lines = text("%s%.*s\n", lines, (int)length, line);
        }
        line += length + (line[length] == '\n');
    }
    write_file(path, lines);
    chmod(path, 0600);
}

int credential_command(int argc, char **argv)
{
    find_repository();
    const char *action = argc > 1 ? argv[1] : "";
    if (strcmp(action, "approve") != 0 && strcmp(action, "reject") != 0 && strcmp(action, "fill") != 0) {
        usage("git credential (fill|approve|reject)");
    }
    struct credential credential = read_credential();
    if (credential.protocol == NULL || credential.host == NULL) {
        die("refusing to work with credential missing %s field", credential.protocol == NULL ? "protocol" : "host");
    }
    const char *helper = setting("credential.helper");
    bool stores = helper != NULL && strcmp(helper, "store") == 0;
    if (*action == 'f') {
        die("could not read Username for '%s://%s': terminal prompts disabled", credential.protocol, credential.host);
    }
    if (stores && *action == 'a' && credential.user != NULL && credential.password != NULL) {
        rewrite(&credential, true);
    }
    else if (stores && *action == 'r') {
        rewrite(&credential, false);
    }
    return ENDED_WELL;
}
