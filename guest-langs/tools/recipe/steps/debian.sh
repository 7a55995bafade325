# `debian_sources SUITE FOLDER PACKAGE...`: the source packages' files into FOLDER; sourced, not run.
# With a private state: nothing of the machine's own apt is touched, and no root is needed. The
# mirrors are those that the machine itself uses. What Debian added to a source is not wanted and
# may be missing on a mirror: that a file is there and right is the caller's to check.
debian_sources() {
    suite=$1 folder=$2
    shift 2
    command -v apt-get >/dev/null || {
        echo "no apt-get and no source file given" >&2
        return 1
    }
    state=$PWD/apt
    mkdir -p "$folder" "$state/etc/apt.conf.d" "$state/etc/preferences.d" "$state/etc/sources.list.d" \
        "$state/lists/partial" "$state/cache/archives/partial" "$state/log"
    : >"$state/status"
    cat >"$state/apt.conf" <<CONF
Dir::Etc "$state/etc";
Dir::Etc::sourcelist "$state/etc/sources.list";
Dir::Etc::sourceparts "$state/etc/sources.list.d";
Dir::Etc::parts "$state/etc/apt.conf.d";
Dir::Etc::preferencesparts "$state/etc/preferences.d";
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Log "$state/log";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirrors=$(apt-get indextargets --format '$(REPO_URI)' | sort -u | grep -v security) || {
        echo "no mirror: this machine's apt names none" >&2
        return 1
    }
    for mirror in $mirrors; do
        echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$state/etc/sources.list"
        APT_CONFIG=$state/apt.conf apt-get update -q -o APT::Update::Error-Mode=any || continue
        for package in "$@"; do
            (cd "$folder" &&
                APT_CONFIG=$state/apt.conf apt-get source -q --only-source --download-only "$package") || true
        done
    done
}
