/* Users and groups: those of /etc/passwd and /etc/group; who runs the tool is the one that the
 * variable USER names. */
#include "../unix.h"
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024, FIELDS = 7, DEFAULT_ID = 1000 };

static char line[LINE];
static char *fields[FIELDS];

/* The next line of a file with colons whose first field is `name`, or whose third is `id`. */
static bool find(const char *path, const char *name, unsigned id)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line;
        for (int field = 0; field < FIELDS; field++) {
            fields[field] = rest;
            char *end = rest + strcspn(rest, ":");
            rest = *end ? end + 1 : end;
            *end = '\0';
        }
        found = name != NULL ? strcmp(fields[0], name) == 0
                             : *fields[2] != '\0' && strtoul(fields[2], NULL, 10) == id;
    }
    fclose(file);
    return found;
}

static struct passwd *user(const char *name, uid_t id)
{
    static struct passwd found;
    if (!find("/etc/passwd", name, id)) {
        return NULL;
    }
    found.pw_name = fields[0];
    found.pw_passwd = fields[1];
    found.pw_uid = strtoul(fields[2], NULL, 10);
    found.pw_gid = strtoul(fields[3], NULL, 10);
    found.pw_gecos = fields[4];
    found.pw_dir = fields[5];
    found.pw_shell = fields[6];
    return &found;
}

static struct group *group(const char *name, gid_t id)
{
    static struct group found;
    static char *members[] = {NULL};
    if (!find("/etc/group", name, id)) {
        return NULL;
    }
    found.gr_name = fields[0];
    found.gr_passwd = fields[1];
    found.gr_gid = strtoul(fields[2], NULL, 10);
    found.gr_mem = members;
    return &found;
}

struct passwd *getpwnam(const char *name)
{
    return user(name, 0);
}

struct passwd *getpwuid(uid_t id)
{
    return user(NULL, id);
}

struct group *getgrnam(const char *name)
{
    return group(name, 0);
}

struct group *getgrgid(gid_t id)
{
    return group(NULL, id);
}

/* The callers take what they need at once, so that the one place serves these, too. */
int getpwuid_r(uid_t id, struct passwd *out, char *buffer, size_t size, struct passwd **result)
{
    struct passwd *found = getpwuid(id);
    *result = found == NULL ? NULL : (*out = *found, out);
    return 0;
}

int getpwnam_r(const char *name, struct passwd *out, char *buffer, size_t size, struct passwd **result)
{
    struct passwd *found = getpwnam(name);
    *result = found == NULL ? NULL : (*out = *found, out);
    return 0;
}

int getgrgid_r(gid_t id, struct group *out, char *buffer, size_t size, struct group **result)
{
    struct group *found = getgrgid(id);
    *result = found == NULL ? NULL : (*out = *found, out);
    return 0;
}

int getgrnam_r(const char *name, struct group *out, char *buffer, size_t size, struct group **result)
{
    struct group *found = getgrnam(name);
    *result = found == NULL ? NULL : (*out = *found, out);
    return 0;
}

static struct {
    bool known;
    uid_t user;
    gid_t group;
} self;

static void know_self(void)
{
    if (self.known) {
        return;
    }
    self.known = true;
    self.user = self.group = DEFAULT_ID;
    const char *name = getenv("USER");
    if (name == NULL) {
        name = getenv("LOGNAME");
    }
    struct passwd *found = name == NULL ? NULL : getpwnam(name);
    if (found != NULL) {
        self.user = found->pw_uid;
        self.group = found->pw_gid;
    }
}

uid_t getuid(void)
{
    know_self();
    return self.user;
}

gid_t getgid(void)
{
    know_self();
    return self.group;
}

uid_t geteuid(void)
{
    return getuid();
}

gid_t getegid(void)
{
    return getgid();
}

int getgroups(int count, gid_t *out)
{
    if (count > 0) {
        out[0] = getgid();
    }
    return 1;
}

int getgrouplist(const char *name, gid_t first, gid_t *out, int *count)
{
    int places = *count;
    *count = 1;
    if (places < 1) {
        return -1;
    }
    out[0] = first;
    return 1;
}

int setuid(uid_t id)
{
    return 0;
}

int setgid(gid_t id)
{
    return 0;
}

char *getlogin(void)
{
    struct passwd *found = getpwuid(getuid());
    return found == NULL ? NULL : found->pw_name;
}
