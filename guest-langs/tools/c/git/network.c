/* The ways out that a sandbox has not. libgit2 names them in its table of transports. */
#include "git.h"
#include <git2/sys/errors.h>
#include <git2/sys/transport.h>
#include <string.h>

int git_socket_stream__connect_timeout, git_socket_stream__timeout;
bool git_smart__ofs_delta_enabled, git_http__expect_continue;

int git_socket_stream_global_init(void);
int git_socket_stream_global_init(void)
{
    return 0;
}

int git_transport_smart(git_transport **out, git_remote *owner, void *parameter)
{
    git_error_set_str(GIT_ERROR_NET, "network access is off in this sandbox");
    return -1;
}

int git_smart_subtransport_http(git_smart_subtransport **out, git_transport *owner, void *parameter)
{
    return -1;
}

int git_smart_subtransport_git(git_smart_subtransport **out, git_transport *owner, void *parameter)
{
    return -1;
}

/* Whether a name of a repository is one of another machine: scheme://..., or host:path. */
bool is_remote_url(const char *url)
{
    if (strncmp(url, "file://", 7) == 0) {
        return false;
    }
    if (strstr(url, "://") != NULL) {
        return true;
    }
    const char *colon = strchr(url, ':'), *slash = strchr(url, '/');
    return colon != NULL && (slash == NULL || colon < slash);
}

void die_no_network(const char *command, const char *url)
{
    die("unable to access '%s': network access is off in this sandbox", url);
}
